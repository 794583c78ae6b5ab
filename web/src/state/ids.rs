//! Identities. Each kind has a type of its own, so that one cannot be taken for another.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Identifies a page among all pages that use one lab, and all that share one browser's storage: a random number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageId(pub u64);

/// Identifies a run on its page, whether a person began it, a race, or the page itself, or a file contained it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub u32);

/// Identifies a series of rounds, also among those of other pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoundsId {
    /// The page on which the series began, or that imported it.
    pub page: PageId,
    /// The number of the series on that page.
    pub number: u32,
}

/// Identifies a run or a race among those of all pages that share one browser's storage, and orders them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId {
    /// The place among the others. It counts up, so it does not depend on a clock.
    pub position: u32,
    /// The page on which it was measured, or that imported it.
    pub page: PageId,
    /// The number on that page.
    pub number: u32,
}

/// Identifies a message to the person, so that the same sentence can be announced twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageId(pub u32);

impl PageId {
    /// Returns an identity that no other page has, most probably.
    pub fn random() -> Self {
        // A JavaScript number has 53 bits.
        Self((js_sys::Math::random() * 9e15) as u64)
    }
}

impl FromStr for RoundsId {
    type Err = ParseIntError;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (page, number) = text.split_once('-').unwrap_or_default();
        Ok(Self { page: PageId(page.parse()?), number: number.parse()? })
    }
}

impl FromStr for EntryId {
    type Err = ParseIntError;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (position, rest) = text.split_once('-').unwrap_or_default();
        let (page, number) = rest.split_once('-').unwrap_or_default();
        Ok(Self { position: position.parse()?, page: PageId(page.parse()?), number: number.parse()? })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.position, self.page, self.number)
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RoundsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.page, self.number)
    }
}
