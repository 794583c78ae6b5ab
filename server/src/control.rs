//! The control thread of a server program, which handles signals and serves the statistics over HTTP.

use std::io::{self, Write as _};
use std::thread;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::stop::StopSignals;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::statistics::{Statistics, metrics};

/// The installed signal handlers, and the runtime of the control thread, which has not been started yet.
pub(crate) struct Control {
    runtime: Runtime,
    stop_signals: StopSignals,
    print_signal: Signal,
}

impl Control {
    /// Installs the signal handlers. A signal that arrives before [`start`](Self::start) is handled when the thread has started.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let context = runtime.enter();
        let stop_signals = StopSignals::catch()?;
        let print_signal = signal(SignalKind::user_defined1())?;
        drop(context);
        Ok(Self { runtime, stop_signals, print_signal })
    }

    /// Starts the control thread.
    ///
    /// - The first SIGINT or SIGTERM calls `stop`. The second ends the process with exit code 0.
    /// - SIGUSR1 prints the statistics on standard error.
    /// - The statistics are served over HTTP at `metrics_listeners`, if there are any.
    pub(crate) fn start(
        self,
        stop: impl FnOnce() + Send + 'static,
        statistics: Option<Statistics>,
        metrics_listeners: Option<Listeners>,
    ) -> io::Result<()> {
        let Self { runtime, mut stop_signals, print_signal } = self;
        let run = move || {
            runtime.spawn(print_at_signal(print_signal, statistics.clone()));
            if let (Some(listeners), Some(statistics)) = (metrics_listeners, statistics) {
                runtime.spawn(metrics::serve(listeners, statistics));
            }
            runtime.block_on(async {
                stop_signals.next().await;
                stop();
                stop_signals.next().await;
            });
            std::process::exit(0);
        };
        thread::Builder::new().name("control".to_owned()).spawn(run)?;
        Ok(())
    }
}

async fn print_at_signal(mut print_signal: Signal, statistics: Option<Statistics>) {
    while print_signal.recv().await.is_some() {
        if let Some(statistics) = &statistics {
            // Standard error may be closed.
            let _ = writeln!(io::stderr(), "{}", statistics.totals());
        }
    }
}
