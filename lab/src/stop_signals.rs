//! The signals that ask an instrument to stop.

use std::io;
use std::thread;

use launcelot_endpoint::stop::StopSignals;

/// The exit code that a shell reports for a program that Ctrl-C has ended.
pub(crate) const INTERRUPTED_EXIT_CODE: u8 = 130;

/// Calls `act` for each SIGINT and SIGTERM, on a thread of its own. A server that the lab starts is in a process group of its own, so
/// the terminal's Ctrl-C reaches only the lab.
pub(crate) fn on_stop_signal(mut act: impl FnMut() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch()?
    };
    thread::spawn(move || {
        loop {
            runtime.block_on(signals.next());
            act();
        }
    });
    Ok(())
}
