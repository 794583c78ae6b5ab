//! A bridge as a handle, for programs that have a server for HTTP already.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use tower::ServiceExt as _;

use crate::http::app;
use crate::limits::Limits;
use crate::log_limit::LogLimit;
use crate::options::{Options, OptionsError};
use crate::resolver::Resolver;
use crate::statistics::Statistics;
use crate::tasks::Tasks;

/// What remains when the options of a bridge are replaced.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) tasks: Tasks,
    pub(crate) limits: Limits,
    pub(crate) resolver: Resolver,
    pub(crate) statistics: Statistics,
    pub(crate) warnings: LogLimit,
}

/// A running bridge. A clone is the same bridge.
///
/// [`serve`](crate::serve()) runs one at listeners of its own. Within another program, the [router](Self::router) answers
/// requests for WebSockets.
#[derive(Debug, Clone)]
pub struct Bridge {
    pub(crate) core: Arc<Core>,
    app: Arc<RwLock<App>>,
}

#[derive(Debug, Clone)]
struct App {
    router: Router,
    options: Arc<Options>,
}

impl Bridge {
    /// Creates a bridge.
    ///
    /// # Errors
    ///
    /// See [`OptionsError`].
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        let core = Arc::new(Core {
            tasks: Tasks::default(),
            limits: Limits::new(&options),
            resolver: Resolver::default(),
            statistics: Statistics::default(),
            warnings: LogLimit::default(),
        });
        let app = App::new(options, &core);
        Ok(Self { core, app: Arc::new(RwLock::new(app)) })
    }

    /// Returns a router for the requests of this bridge, to be nested in another one or served alone. It needs a server
    /// that can upgrade connections, such as `axum::serve`. A reload changes what it answers.
    pub fn router(&self) -> Router {
        let bridge = self.clone();
        Router::new().fallback(move |request: Request| async move { bridge.answer(request).await })
    }

    /// Replaces the options for all requests that are made from now on. Open WebSockets keep theirs. The limits of
    /// connections, such as [`Options::max_connections`], remain as they were.
    ///
    /// # Errors
    ///
    /// See [`OptionsError`]. Then nothing changes.
    pub fn reload(&self, options: Options) -> Result<(), OptionsError> {
        options.check()?;
        let app = App::new(options, &self.core);
        *self.app.write().unwrap_or_else(PoisonError::into_inner) = app;
        Ok(())
    }

    /// Stops: opens no further WebSocket, waits at most `grace` for those that are open, and then closes the others.
    pub async fn shutdown(&self, grace: Duration) {
        self.core.tasks.stop(grace).await;
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        match self.app().router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    pub(crate) fn options(&self) -> Arc<Options> {
        self.app().options
    }

    fn app(&self) -> App {
        self.app.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl App {
    fn new(options: Options, core: &Arc<Core>) -> Self {
        let options = Arc::new(options);
        Self { router: app(&options, core), options }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::StreamExt as _;
    use launcelot_endpoint::listen::{BACKLOG, Listeners};
    use launcelot_testing::wait::{DEADLINE, within};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio_tungstenite::connect_async;
    use tokio_tungstenite::tungstenite::Message;

    use super::*;

    #[tokio::test]
    async fn a_name_server_that_does_not_answer_starves_neither_files_nor_other_targets() {
        const WAITING: usize = 100;
        let web = tempfile::tempdir().unwrap();
        fs::write(web.path().join("notes"), "notes").unwrap();
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = format!("alive={}", server.local_addr().unwrap());
        let options = Options {
            targets: vec!["silent.example:1060".parse().unwrap(), alive.parse().unwrap()],
            web: Some(web.path().to_owned()),
            connect_timeout: Duration::from_secs(3),
            ..Options::default()
        };
        let bridge = Bridge::new(options).unwrap();
        bridge.core.resolver.silence("silent.example");
        let listeners = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
        let port = listeners.port;
        tokio::spawn(async move { bridge.serve(Some(listeners), Vec::new(), std::future::pending()).await });
        let waiting: Vec<_> =
            (0..WAITING).map(|_| tokio::spawn(connect_async(format!("ws://127.0.0.1:{port}/ws")))).collect();

        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.write_all(b"GET /notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut response = Vec::new();
        within(DEADLINE, "a file", socket.read_to_end(&mut response)).await.unwrap();
        assert!(response.ends_with(b"\r\n\r\nnotes"), "{response:?}");
        within(DEADLINE, "another target", connect_async(format!("ws://127.0.0.1:{port}/ws/alive"))).await.unwrap();

        for waiting in waiting {
            let (mut browser, _) = within(DEADLINE, "an answer", waiting).await.unwrap().unwrap();
            let Some(Ok(Message::Close(Some(frame)))) = browser.next().await else { panic!("not closed") };
            let expected = "the address of silent.example port 1060 was not found in time";
            assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4504, expected));
        }
    }
}
