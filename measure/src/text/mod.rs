//! Sentences about measurements that the native client and the page share.
//!
//! - [`mod@closed`]: why a bridge closed a WebSocket.
//! - [`legs`]: on which part of the path the time of a run was spent.
//! - [`link`]: the settings of an emulated link, and the delay that it added.
//! - [`load`]: what a load of many clients shows.
//! - `queue`: whether a pace was kept ([`Queue::describe`](crate::queue::Queue::describe)).
//! - [`race`]: what the turns of a race show.
//!
//! Numbers and their units are separated by no-break spaces. The native client replaces them by plain spaces.

pub mod closed;
pub mod legs;
pub mod link;
pub mod load;
mod queue;
pub mod race;

use crate::run::Order;
use crate::unit::format_count;

/// Returns how questions were asked, for use within a sentence.
pub fn order(order: Order) -> &'static str {
    match order {
        Order::OneAtATime => "one at a time",
        Order::SentAhead => "sent ahead",
    }
}

/// Returns `one`, `two` or `three`, or any other number in digits.
pub fn number(count: usize) -> String {
    match count {
        1 => "one".to_owned(),
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        other => format_count(other as u64),
    }
}
