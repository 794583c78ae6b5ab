//! The access log: a line for each WebSocket that has ended and each request that was refused.

use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;

use crate::bridge::Core;
use crate::connect::ConnectError;
use crate::http::Client;
use crate::log_limit::Verdict;
use crate::relay::Relayed;
use crate::statistics::Refused;
use crate::target::Target;

/// Logs and counts a WebSocket that has ended.
pub(crate) fn log_end(core: &Core, client: &Client, target: &Target, relayed: &Relayed, lasted: Duration) {
    core.statistics.end(relayed);
    let Relayed { from_client, from_server, ending } = relayed;
    tracing::info!(
        target: "access",
        %client,
        server = %target,
        code = ending.close_code(),
        from_client,
        from_server,
        seconds = lasted.as_secs_f64(),
        "relayed {from_client} bytes to the server and {from_server} back; {ending}"
    );
}

/// Logs and counts a request that was refused. `subject` is what was asked for.
pub(crate) fn log_refusal(core: &Core, client: &Client, refused: Refused, subject: &str) {
    core.statistics.refuse(refused);
    tracing::info!(target: "access", %client, reason = refused.name(), subject, "refused");
}

/// Logs and counts a WebSocket whose server cannot be reached: a warning, as long as there are not too many.
pub(crate) fn log_unreachable(core: &Core, client: &Client, error: &ConnectError) {
    let refused = match error {
        ConnectError::Unknown { .. } | ConnectError::Unreachable { .. } => Refused::Unreachable,
        ConnectError::LookupTimedOut(_) | ConnectError::TimedOut(_) => Refused::TimedOut,
    };
    core.statistics.refuse(refused);
    let code = error.code().number();
    let reason = refused.name();
    match core.warnings.check(Instant::now()) {
        Verdict::Log { left_out: 0 } => tracing::warn!(target: "access", %client, code, reason, "{}", one_line(error)),
        Verdict::Log { left_out } => {
            let text = one_line(error);
            tracing::warn!(target: "access", %client, code, reason, left_out, "{text}");
        }
        Verdict::LeaveOut => tracing::debug!(target: "access", %client, code, reason, "{}", one_line(error)),
    }
}
