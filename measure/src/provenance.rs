//! The provenance of a measurement: when it was made, by what, and of what.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// When a measurement was made, by which client, and of which server, as far as that is known. What else limits its times is beside it:
/// the link, the simulated work of the server, and the interruptions of the client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// When the measurement began.
    pub began: Option<Timestamp>,
    /// The program that asked.
    pub client: Option<Client>,
    /// The design of the server, where a lab knows it.
    pub server_design: Option<String>,
    /// Whether the measurement was read from a file. It stays so when it is written again.
    pub is_imported: bool,
}

/// A program that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The kind of program.
    pub kind: ClientKind,
    /// The version of the program.
    pub version: String,
    /// The system that it runs on: the user agent of a browser, or an operating system and its architecture.
    pub system: String,
}

/// A kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    /// The page, in a browser.
    Page,
    /// The native client.
    Native,
}

impl ClientKind {
    /// Returns the name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Native => "native",
        }
    }
}

impl Provenance {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Describes what is known, in clauses for people.
    pub fn describe(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(began) = self.began {
            clauses.push(format!("began {began}"));
        }
        if let Some(Client { kind, version, system }) = &self.client {
            clauses.push(format!("{} client {version} on {system}", kind.name()));
        }
        if let Some(design) = &self.server_design {
            clauses.push(format!("server design {design}"));
        }
        if self.is_imported {
            clauses.push("imported".to_owned());
        }
        clauses
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_known_is_described() {
        assert!(Provenance::default().describe().is_empty());
        let client =
            Client { kind: ClientKind::Native, version: "0.1.0".to_owned(), system: "linux x86_64".to_owned() };
        let provenance = Provenance {
            began: Some(Timestamp::new(Duration::ZERO, 60)),
            client: Some(client),
            server_design: Some("poll".to_owned()),
            is_imported: true,
        };
        let expected = [
            "began 1970-01-01T01:00:00.000+01:00",
            "native client 0.1.0 on linux x86_64",
            "server design poll",
            "imported",
        ];
        assert_eq!(provenance.describe(), expected);
    }
}
