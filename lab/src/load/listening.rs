//! Whether a server listens, found out without a connection.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

/// Whether a socket listens on the port. A connection would find that out, too, but it might be the only one that a server accepts.
pub(super) fn is_listening(port: u16) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    if tables.iter().all(Result::is_err) {
        return TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok();
    }
    tables.iter().flatten().any(|table| table.lines().skip(1).any(|line| is_listener(line, port)))
}

/// Whether a line of proc(5)'s `net/tcp` is a socket in state `LISTEN`, which is 0A, on the port.
fn is_listener(line: &str, port: u16) -> bool {
    let mut fields = line.split_whitespace().skip(1);
    let (Some(local), Some(_), Some(state)) = (fields.next(), fields.next(), fields.next()) else { return false };
    state == "0A" && local.ends_with(&format!(":{port:04X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listener_on_the_port_is_one() {
        let line = "   0: 0100007F:0424 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 640 1";
        assert!(is_listener(line, 1060));
        assert!(!is_listener(line, 1061));
        assert!(!is_listener(&line.replace(" 0A ", " 01 "), 1060));
        assert!(!is_listener("", 1060));
    }
}
