//! The bearer token that a client must send (RFC 6750).

use std::fmt;

use http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;

/// A secret that is compared in constant time and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token in `text`, without the white space around it, or `None` if there is nothing else.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Returns whether a request has the header `Authorization: Bearer TOKEN`.
    pub(crate) fn is_sent(&self, headers: &HeaderMap) -> bool {
        let Some(sent) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else { return false };
        let Some((scheme, token)) = sent.split_once(' ') else { return false };
        scheme.eq_ignore_ascii_case("bearer") && bool::from(token.trim().as_bytes().ct_eq(self.0.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_accepted() {
        let token = Token::new("secret\n").unwrap();
        let cases = [
            ("Bearer secret", true),
            ("bearer secret", true),
            ("Bearer secre", false),
            ("Bearer secret2", false),
            ("Bearer ", false),
            ("secret", false),
            ("Basic secret", false),
        ];
        for (sent, expected) in cases {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, sent.parse().unwrap())]);
            assert_eq!(token.is_sent(&headers), expected, "{sent}");
        }
        assert!(!token.is_sent(&HeaderMap::new()));
        assert_eq!(Token::new(" \n"), None);
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
