//! The ports to which no browser connects, so that no page can make it talk to another service.

use thiserror::Error;

/// The ports, in ascending order (Fetch, section 2.9, "Port blocking": <https://fetch.spec.whatwg.org/#port-blocking>).
const BAD_PORTS: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
    6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// No browser connects to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("browsers refuse to connect to port {0} (https://fetch.spec.whatwg.org/#port-blocking); choose another port")]
pub struct BadPort(pub u16);

/// Checks that browsers connect to `port`.
///
/// # Errors
///
/// Returns [`BadPort`] if no browser connects to it.
pub fn check(port: u16) -> Result<(), BadPort> {
    if BAD_PORTS.contains(&port) { Err(BadPort(port)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_other_services_are_bad_and_those_of_web_servers_are_not() {
        assert!(BAD_PORTS.is_sorted());
        for port in [22, 5060, 6000, 6667, 10080] {
            assert_eq!(check(port), Err(BadPort(port)));
        }
        for port in [0, 80, 443, 1060, 8000, 8080, u16::MAX] {
            assert_eq!(check(port), Ok(()));
        }
    }
}
