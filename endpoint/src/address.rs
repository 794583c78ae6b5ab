//! Addresses as people write them: `HOST:PORT`, `[IPv6]:PORT` or `HOST`.

/// Splits an address into its host, without brackets, and its port. Returns `None` if the host is empty or the port is not a
/// port number.
pub fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (host, port)
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    let port = match port {
        Some(digits) => Some(digits.parse().ok()?),
        None => None,
    };
    (!host.is_empty()).then_some((host, port))
}

/// Parses `HOST:PORT`, an argument of a command line.
///
/// # Errors
///
/// Returns a text that names the expected form.
pub fn parse_host_port(text: &str) -> Result<(String, u16), String> {
    match split_host_port(text) {
        Some((host, Some(port))) => Ok((host.to_owned(), port)),
        _ => Err("expected HOST:PORT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_separated_from_its_port() {
        let cases = [
            ("localhost:1060", Some(("localhost", Some(1060)))),
            ("localhost", Some(("localhost", None))),
            ("[::1]:8080", Some(("::1", Some(8080)))),
            ("[::1]", Some(("::1", None))),
            ("::1", Some(("::1", None))),
            ("127.0.0.1:0", Some(("127.0.0.1", Some(0)))),
            ("localhost:http", None),
            ("localhost:65536", None),
            (":80", None),
            ("[::1", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(split_host_port(text), expected, "{text:?}");
        }
    }
}
