//! Pages for operators over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for
//! whoever runs containers. Nothing of a room is on them.

use crate::Metrics;
use axum::{Router, http::StatusCode, routing::get};
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// Serves them at an address for as long as the process lives.
///
/// # Errors
/// The address can't be listened on.
pub async fn serve(address: SocketAddr, metrics: Arc<Metrics>) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let state = |good: bool| {
        if good { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "no\n") }
    };
    let (text, alive, ready) = (metrics.clone(), metrics.clone(), metrics);
    let router = Router::new()
        .route("/metrics", get(async move || text.text()))
        .route("/healthz", get(async move || state(alive.is_alive())))
        .route("/readyz", get(async move || state(ready.is_ready())));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the pages for operators ended");
        }
    });
    Ok(())
}
