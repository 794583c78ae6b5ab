//! Why a bridge closed a WebSocket, by the code in its close frame.

/// Returns why the connection was closed; `None` if a bridge closes none with this code. 1006 is what a browser reports if the
/// connection ended without a close frame.
pub fn closed(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "The server went away during the dialogue: it closed the connection.",
        1001 => "The bridge was stopped.",
        1002 => "A frame broke the WebSocket protocol.",
        1006 => "The connection to the bridge broke off during the dialogue.",
        1007 => "A text message was not UTF-8.",
        1009 => "A message was over the limit of the bridge.",
        4404 => "The bridge has no target of this name.",
        4408 => "The bridge closed the connection: no byte had moved for too long.",
        4429 => "The bridge has as many connections as it may. Try again later.",
        4500 => "The server went away during the dialogue: the connection to it broke.",
        4502 => "The bridge is there, but it cannot reach the server.",
        4504 => "The bridge is there, but the server did not accept the connection in time.",
        _ => return None,
    })
}

/// Returns whether the reason in the close frame says more than [`closed`]: a cause, such as the system's error.
pub fn adds_a_cause(code: u16) -> bool {
    matches!(code, 1002 | 4502 | 4504) || closed(code).is_none()
}
