//! Serves metrics at an address of their own.

use std::io;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use launcelot_endpoint::accept::Acceptor;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::metrics;

/// Serves metrics at `listeners` until the program ends.
pub(super) fn serve(listeners: Listeners, router: Router) -> io::Result<()> {
    let acceptor = Acceptor::new(listeners)?;
    tokio::spawn(async move {
        match metrics::serve(acceptor, TowerToHyperService::new(router)).await {
            Err(error) => tracing::error!("cannot serve metrics: {}", one_line(&error)),
            Ok(never) => match never {},
        }
    });
    Ok(())
}
