//! Whether a server listens, found out without a connection: it might be the only one that the server accepts.

use std::fs;
use std::io;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};

/// The size of the kernel's messages, at most.
const MESSAGE_MAX_BYTES: usize = 32 * 1024;

/// Whether a socket listens on the port, at any address.
pub(super) fn is_listening(port: u16) -> bool {
    // A kernel without sock_diag(7) has the same in a file, but with all connections, and with those that were closed within the
    // last minute. After a load, reading these takes tens of milliseconds.
    is_in_answer_of_kernel(port).unwrap_or_else(|_| is_in_tables(port))
}

/// Asks the kernel only for sockets that listen (sock_diag(7)).
fn is_in_answer_of_kernel(port: u16) -> io::Result<bool> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let families = [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())];
    for (family, mut socket_id) in families {
        socket_id.source_port = port;
        let extensions = ExtensionFlags::empty();
        let request = InetRequest { family, protocol: IPPROTO_TCP, extensions, states: StateFlags::LISTEN, socket_id };
        send(&socket, request)?;
        if has_sockets(&socket)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn send(socket: &Socket, request: InetRequest) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0).map(drop)
}

/// Receives all of an answer. Returns whether there are sockets in it.
fn has_sockets(socket: &Socket) -> io::Result<bool> {
    let mut has_sockets = false;
    let mut buffer = Vec::with_capacity(MESSAGE_MAX_BYTES);
    loop {
        buffer.clear();
        socket.recv(&mut buffer, 0)?;
        let mut left = &buffer[..];
        while !left.is_empty() {
            let message = NetlinkMessage::<SockDiagMessage>::deserialize(left).map_err(io::Error::other)?;
            match message.payload {
                NetlinkPayload::Done(_) => return Ok(has_sockets),
                NetlinkPayload::Error(error) => return Err(error.to_io()),
                NetlinkPayload::InnerMessage(_) => has_sockets = true,
                _ => {}
            }
            left = left.get(message.header.length as usize..).unwrap_or_default();
        }
    }
}

/// Whether a file with all sockets of the system has one that listens on the port.
fn is_in_tables(port: u16) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
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
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_listener_is_found_at_either_family_and_a_connection_is_none() {
        for address in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let port = listener.local_addr().unwrap().port();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let of_client = client.local_addr().unwrap().port();
            for (port, expected) in [(port, true), (of_client, false)] {
                assert_eq!(is_in_answer_of_kernel(port).unwrap(), expected, "{address}");
                assert_eq!(is_in_tables(port), expected, "{address}");
            }
            drop(listener);
            assert!(!is_in_answer_of_kernel(port).unwrap(), "{address}");
        }
    }

    #[test]
    fn only_a_listener_on_the_port_is_one() {
        let line = "   0: 0100007F:0424 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 640 1";
        assert!(is_listener(line, 1060));
        assert!(!is_listener(line, 1061));
        assert!(!is_listener(&line.replace(" 0A ", " 01 "), 1060));
        assert!(!is_listener("", 1060));
    }
}
