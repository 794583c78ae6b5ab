//! Accepting connections, and stopping.
//!
//! `axum::serve` has no limit on connections and no timeouts, and does not wait for WebSockets when it stops. So the bridge
//! has an accept loop of its own.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::atomic::Ordering;
#[cfg(feature = "tls")]
use std::time::Duration;
use std::time::Instant;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use launcelot_endpoint::accept::{AcceptErrors, Accepted, Acceptor, accept_within};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use thiserror::Error;
use tokio::net::UnixListener;

use crate::bridge::Bridge;
use crate::http::connection::{ConnectInfo, serve_connection};
use crate::log_limit::Verdict;
use crate::options::{Options, OptionsError};
use crate::statistics::Refused;
use crate::transport::prepare_tcp;

/// Why a bridge cannot run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The options contradict each other, or name a directory that does not exist.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The system cannot wait for connections at a listener.
    #[error("cannot accept connections")]
    Accept(#[source] io::Error),
}

/// Runs a bridge at `listeners` until `stop` completes. Then it opens no further WebSocket, answers at `/readyz` that it is
/// not ready, and waits for the open ones at most the grace period. It closes the others with
/// [`BridgeStopping`](crate::close_code::CloseCode::BridgeStopping). If the future is dropped, all connections are.
///
/// # Errors
///
/// See [`ServeError`]. No client can make a running bridge fail.
pub async fn serve(listeners: Listeners, options: Options, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    Bridge::new(options)?.serve(Some(listeners), Vec::new(), stop).await
}

impl Bridge {
    /// Runs this bridge at `listeners` and `unix_listeners`, like [`serve`].
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve(
        &self,
        listeners: Option<Listeners>,
        unix_listeners: Vec<UnixListener>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let acceptor = listeners.map(Acceptor::new).transpose().map_err(ServeError::Accept)?;
        let _abort_guard = self.core.tasks.abort_on_drop();
        let shutdown = async {
            stop.await;
            self.shutdown(self.options().grace).await;
        };
        let accepting = acceptor.map(|acceptor| self.accept_loop(acceptor).boxed());
        let accepting_unix = unix_listeners.into_iter().map(|listener| self.accept_unix(listener).boxed());
        let mut accepting: FuturesUnordered<_> = accepting.into_iter().chain(accepting_unix).collect();
        tokio::select! {
            Some(failed) = accepting.next() => match failed {
                Err(error) => Err(ServeError::Accept(error)),
                Ok(never) => match never {},
            },
            () = shutdown => Ok(()),
        }
    }

    /// Serves each connection in a task of its own. Ends only if a listener does not listen any more.
    async fn accept_loop(&self, mut acceptor: Acceptor) -> io::Result<Infallible> {
        loop {
            let Accepted { stream, peer, permit } = acceptor.accept(&self.core.limits.sockets).await?;
            let options = self.options();
            if let Err(error) = prepare_tcp(&stream, options.send_buffer_bytes, options.idle_timeout) {
                let text = format!("cannot set an option of the connection of {peer}: {}", one_line(&error));
                match self.core.warnings.check(Instant::now()) {
                    Verdict::Log { left_out: 0 } => tracing::warn!("{text}"),
                    Verdict::Log { left_out } => tracing::warn!(left_out, "{text}"),
                    Verdict::LeaveOut => tracing::debug!("{text}"),
                }
                continue;
            }
            let is_proxy = options.trusted_proxies.iter().any(|network| network.contains(&peer.ip().to_canonical()));
            let counted = (!is_proxy).then(|| peer.ip());
            let Some(place) = self.core.limits.try_place(counted) else {
                self.core.statistics.refuse(Refused::TooManyConnections);
                tracing::debug!("{peer} has too many connections to be told so");
                continue;
            };
            let connect_info = ConnectInfo::new(Some(peer), permit, place);
            #[cfg(feature = "tls")]
            if let Some(tls) = options.tls.clone() {
                let handshake_timeout = connect_info.head_timeout(options.head_timeout);
                self.spawn_tls(stream, connect_info, tls, handshake_timeout);
                continue;
            }
            self.spawn(stream, connect_info);
        }
    }

    /// Like [`accept_loop`](Self::accept_loop), at a Unix socket.
    async fn accept_unix(&self, listener: UnixListener) -> io::Result<Infallible> {
        let mut errors = AcceptErrors::default();
        loop {
            let limits = &self.core.limits;
            let accepting = accept_within(&limits.sockets, &mut errors, |context| listener.poll_accept(context));
            let ((stream, _), permit) = accepting.await?;
            if let Some(place) = limits.try_place(None) {
                self.spawn(stream, ConnectInfo::new(None, permit, place));
            }
        }
    }

    /// Serves a connection once its TLS handshake is over, which may take as long as the head of a request.
    #[cfg(feature = "tls")]
    fn spawn_tls(
        &self,
        stream: tokio::net::TcpStream,
        connect_info: ConnectInfo,
        tls: crate::tls::Tls,
        handshake_timeout: Duration,
    ) {
        let bridge = self.clone();
        self.core.tasks.spawn(async move {
            let accepting = tokio_rustls::TlsAcceptor::from(tls.0).accept(stream);
            match tokio::time::timeout(handshake_timeout, accepting).await {
                Ok(Ok(stream)) => bridge.spawn(stream, connect_info.secure()),
                Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {}", one_line(&error)),
                Err(_) => tracing::debug!("a TLS handshake timed out"),
            }
        });
    }

    fn spawn<S>(&self, stream: S, connect_info: ConnectInfo)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        self.core.statistics.accepted.fetch_add(1, Ordering::Relaxed);
        let counted = self.core.statistics.open_connections.count();
        let bridge = self.clone();
        self.core.tasks.spawn(async move {
            serve_connection(stream, connect_info.counted(counted), bridge).await;
        });
    }
}
