//! What a server program hears and says beside its clients, on a thread of its own: signals, and
//! questions about its statistics.

use std::io::{self, Write as _};
use std::thread;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::stop::StopSignals;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::metrics;
use crate::statistics::Statistics;

/// Signals are caught from the moment this is made.
pub(crate) struct Attendant {
    runtime: Runtime,
    stop_signals: StopSignals,
    print_signal: Signal,
}

impl Attendant {
    /// # Errors
    ///
    /// If the system refuses the handlers.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop_signals, print_signal) = {
            let _context = runtime.enter();
            (StopSignals::catch()?, signal(SignalKind::user_defined1())?)
        };
        Ok(Self { runtime, stop_signals, print_signal })
    }

    /// From now on calls `stop` at the first SIGINT or SIGTERM. At the second the process exits with
    /// 0: whoever sent it has had enough of waiting. At SIGUSR1 it prints the statistics on standard
    /// error, and at `doors` it serves them, if there are any.
    ///
    /// # Errors
    ///
    /// If the system has no thread left.
    pub(crate) fn attend(
        self,
        stop: impl FnOnce() + Send + 'static,
        statistics: Option<Statistics>,
        doors: Option<Listeners>,
    ) -> io::Result<()> {
        let Self { runtime, mut stop_signals, mut print_signal } = self;
        let stopping = async move {
            stop_signals.next().await;
            stop();
            stop_signals.next().await;
        };
        let observed = statistics.clone();
        let printing = async move {
            while print_signal.recv().await.is_some() {
                if let Some(statistics) = &observed {
                    // Whoever asked may have closed standard error.
                    let _ = writeln!(io::stderr(), "{}", statistics.totals());
                }
            }
        };
        thread::Builder::new().name("attendant".to_owned()).spawn(move || {
            runtime.spawn(printing);
            if let (Some(doors), Some(statistics)) = (doors, statistics) {
                runtime.spawn(metrics::serve(doors, statistics));
            }
            runtime.block_on(stopping);
            std::process::exit(0);
        })?;
        Ok(())
    }
}
