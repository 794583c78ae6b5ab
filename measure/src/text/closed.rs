//! Why a bridge closed a WebSocket, by the code in its close frame.

/// Returns why the connection was closed; `None` if a bridge closes none with this code. 1006 is what a browser reports if the
/// connection ended without a close frame.
pub fn closed(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "The server closed the connection before it had answered everything.",
        1001 => "The bridge was stopped.",
        1002 => "The bridge received a frame that violates the WebSocket protocol.",
        1006 => "The connection to the bridge was lost during the dialogue.",
        1007 => "The bridge received a text message that is not valid UTF-8.",
        1009 => "The bridge received a message larger than it accepts.",
        4404 => "The bridge has no target with this name.",
        4408 => "The bridge closed the connection, which had been idle for too long.",
        4429 => "The bridge has reached its connection limit. Try again later.",
        4500 => "The connection from the bridge to the server broke during the dialogue.",
        4502 => "The bridge is running, but it cannot reach the server.",
        4504 => "The bridge is running, but the server did not accept the connection in time.",
        _ => return None,
    })
}

/// Returns whether the reason in the close frame says more than [`closed`]: a cause, such as the system's error.
pub fn adds_a_cause(code: u16) -> bool {
    matches!(code, 1002 | 4502 | 4504) || closed(code).is_none()
}
