//! How many connections a bridge may have, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use launcelot_endpoint::limit::{ConnectionLimit, Permit};

use crate::options::Options;

/// How many connections beyond the limit are accepted, to be answered that there are too many, or for `/healthz`.
pub(crate) const RESERVE: u32 = 64;

/// How many of the [`RESERVE`] are for addresses that have too many connections already, so that one address cannot take all.
const ADDRESS_RESERVE: NonZeroU32 = NonZeroU32::new(RESERVE / 2).expect("it is not zero");

/// The length of the prefix of an IPv6 address that counts as one client: a host has all addresses of its network.
const IPV6_PREFIX_BITS: u32 = 64;

/// The limits of a bridge. A clone is the same limits.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// All accepted connections, with the [`RESERVE`].
    pub(crate) sockets: ConnectionLimit,
    connections: ConnectionLimit,
    over_address_limit: ConnectionLimit,
    websockets: ConnectionLimit,
    addresses: AddressLimit,
}

/// The place of an accepted connection, which is free again when the connection is closed.
#[derive(Debug)]
pub(crate) enum Place {
    /// Within the limits.
    Within { _connection: Permit, _address: Option<AddressPermit> },
    /// One of the [`RESERVE`], with a permit if its address has too many connections.
    Reserve { _over_address_limit: Option<Permit> },
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        let sockets = options.max_connections.saturating_add(RESERVE);
        Self {
            sockets: ConnectionLimit::new(sockets),
            connections: ConnectionLimit::new(options.max_connections),
            over_address_limit: ConnectionLimit::new(ADDRESS_RESERVE),
            websockets: ConnectionLimit::new(options.max_websockets),
            addresses: AddressLimit::new(options.max_connections_per_address),
        }
    }

    /// Returns the place of a connection from `address`, if that is known; `None` if too many are from there even to be told so.
    pub(crate) fn try_place(&self, address: Option<IpAddr>) -> Option<Place> {
        let address = match address.map(|address| self.addresses.try_permit(address)) {
            Some(None) => {
                let permit = self.over_address_limit.try_permit()?;
                return Some(Place::Reserve { _over_address_limit: Some(permit) });
            }
            Some(permit) => permit,
            None => None,
        };
        Some(match self.connections.try_permit() {
            Some(connection) => Place::Within { _connection: connection, _address: address },
            None => Place::Reserve { _over_address_limit: None },
        })
    }

    /// Returns a permit for a client behind a proxy, whose connection came from the proxy's address.
    pub(crate) fn try_address(&self, address: IpAddr) -> Option<AddressPermit> {
        self.addresses.try_permit(address)
    }

    pub(crate) fn try_websocket(&self) -> Option<Permit> {
        self.websockets.try_permit()
    }
}

/// How many connections may be open from one address. A clone is the same limit.
#[derive(Debug, Clone)]
struct AddressLimit {
    max: Option<NonZeroU32>,
    open: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// Counts for its address until it is dropped.
#[derive(Debug)]
pub(crate) struct AddressPermit {
    address: IpAddr,
    limit: AddressLimit,
}

impl AddressLimit {
    fn new(max: Option<NonZeroU32>) -> Self {
        Self { max, open: Arc::default() }
    }

    fn try_permit(&self, address: IpAddr) -> Option<AddressPermit> {
        let address = counted_address(address);
        if let Some(max) = self.max {
            let mut open = self.open();
            let count = open.entry(address).or_default();
            if *count >= max.get() {
                return None;
            }
            *count += 1;
        }
        Some(AddressPermit { address, limit: self.clone() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        if self.limit.max.is_none() {
            return;
        }
        let mut open = self.limit.open();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// Returns the address under which a client is counted.
fn counted_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::MAX << (Ipv6Addr::BITS - IPV6_PREFIX_BITS);
            Ipv6Addr::from_bits(address.to_bits() & prefix).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_own_limit_and_permits_come_back() {
        let limit = AddressLimit::new(NonZeroU32::new(2));
        let address = |text: &str| text.parse().unwrap();
        let first = limit.try_permit(address("192.0.2.7"));
        let second = limit.try_permit(address("::ffff:192.0.2.7"));
        assert!(first.is_some() && second.is_some());
        assert!(limit.try_permit(address("192.0.2.7")).is_none());
        assert!(limit.try_permit(address("192.0.2.8")).is_some());
        drop(first);
        assert!(limit.try_permit(address("192.0.2.7")).is_some());
        drop(second);
        assert!(limit.open().is_empty());
    }

    #[test]
    fn all_addresses_of_an_ipv6_network_count_as_one() {
        let limit = AddressLimit::new(NonZeroU32::new(1));
        let _first = limit.try_permit("2001:db8::1".parse().unwrap());
        assert!(limit.try_permit("2001:db8::2:1".parse().unwrap()).is_none());
        assert!(limit.try_permit("2001:db8:0:1::1".parse().unwrap()).is_some());
    }
}
