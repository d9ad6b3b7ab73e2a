//! All routes in one table: what is not here is not served, and what is here is described (a test compares).

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::guard::{Guard, pass};
use super::request::{BODY_BYTES_MAX, shown};
use super::{AppState, accounts, assets, blocks, fees, health, mining, node, openapi, stream, submit, transactions};
use crate::shell::Port;

/// One row: path and what answers its methods.
type Row = (&'static str, MethodRouter<AppState>);

/// Every route of the API.
pub(crate) fn table() -> Vec<Row> {
    vec![
        ("/api/v1/status", get(node::status)),
        ("/api/v1/validators", get(node::validators)),
        ("/api/v1/genesis", get(node::genesis)),
        ("/api/v1/mempool", get(node::mempool)),
        ("/api/v1/peers", get(node::peers)),
        ("/api/v1/blocks", get(blocks::list)),
        ("/api/v1/blocks/{block}", get(blocks::one)),
        ("/api/v1/transactions", post(submit::one)),
        ("/api/v1/transactions/batch", post(submit::batch)),
        ("/api/v1/transactions/simulate", post(submit::simulate)),
        ("/api/v1/transactions/{id}", get(transactions::one)),
        ("/api/v1/accounts/{address}", get(accounts::one)),
        ("/api/v1/accounts/{address}/transactions", get(accounts::history)),
        ("/api/v1/accounts/{address}/proof", get(accounts::proof)),
        ("/api/v1/assets", get(assets::list)),
        ("/api/v1/assets/{id}", get(assets::one)),
        ("/api/v1/assets/{id}/proof", get(assets::proof)),
        ("/api/v1/fees/estimate", get(fees::estimate)),
        ("/api/mining/work", get(mining::work)),
        ("/api/mining/submit", post(mining::submit)),
        ("/api/mining/info", get(mining::info)),
        ("/api/mining/window", get(mining::window)),
        ("/api/mining/accounts/{address}", get(mining::account)),
        ("/api/mining/pool", get(mining::pool)),
        ("/api/mining/users/{address}", get(mining::user)),
        ("/api/info", get(mining::public_info)),
        ("/api/pool", get(mining::public_pool)),
        ("/api/network", get(mining::public_network)),
        ("/api/client/{address}", get(mining::public_client)),
        ("/api/client/{address}/{worker}", get(mining::public_worker)),
        ("/api/v1/stream", get(stream::sse)),
        ("/api/v1/ws", get(stream::websocket)),
        ("/api/v1/openapi.json", get(openapi::document)),
        ("/livez", get(health::live)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(health::metrics)),
        ("/version", get(health::version)),
    ]
}

/// The whole API with its door.
pub(crate) fn router(state: AppState, guard: Arc<Guard>) -> Router {
    let routes = table()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods.fallback(wrong_method)));
    let page =
        utoipa_swagger_ui::SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/api/v1/openapi.json"));
    routes
        .with_state(state)
        .merge(page)
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(guard, pass))
}

async fn nowhere(uri: Uri) -> ApiError {
    ApiError::not_found(format!("there is no route `{}`", shown(uri.path())), "see /docs for all routes")
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("`{}` does not take {}", shown(uri.path()), shown(method.as_str()));
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
        "see /docs for the methods of this route",
    )
}

/// Reads the store on a thread that may wait, so that no other request does. As few read at once as `AppState::reads` allows: a
/// full block takes some 40 MiB before its answer is measured.
pub(crate) async fn off_thread<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Port) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let port = state.port.clone();
    match in_turn(state.reads.clone(), move || work(&port)).await {
        Some(result) => result,
        // The store panics when it cannot be read; the node's own threads meet the same and stop it.
        None => Err(crate::shell::Unavailable::Stopping.into()),
    }
}

/// Works on another thread when its turn has come; nothing if that panicked.
async fn in_turn<T: Send + 'static>(turns: Arc<Semaphore>, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let turn = turns.acquire_owned().await.expect("the semaphore is never closed");
    // The turn ends with the work, also when nobody waits for it any more.
    let done = tokio::task::spawn_blocking(move || (work(), turn)).await;
    done.ok().map(|(result, _turn)| result)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    // FAULTS HB7
    #[tokio::test]
    async fn who_reads_the_store_has_its_turn_until_it_has_read_though_nobody_waits_for_it() {
        let turns = Arc::new(Semaphore::new(1));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let first = tokio::spawn(in_turn(turns.clone(), move || begin.send(()).is_ok() && held.recv().is_ok()));
        begun.await.expect("it has begun");
        first.abort();
        assert!(first.await.is_err(), "nobody waits for it");
        assert_eq!(turns.available_permits(), 0);
        release.send(()).expect("it waits");
        assert_eq!(in_turn(turns, || 7).await, Some(7));
    }

    #[test]
    fn every_route_is_described_and_every_description_is_served() {
        let served: BTreeSet<String> = table().into_iter().map(|(path, _)| path.to_owned()).collect();
        let described: BTreeSet<String> = openapi::description().paths.paths.keys().cloned().collect();
        assert_eq!(served, described);
    }

    #[test]
    fn the_description_is_openapi_3_1_and_names_every_schema_it_refers_to() {
        let document = serde_json::to_value(openapi::description()).expect("JSON");
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap_or_default();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
        }
        assert!(text.contains("ErrorResponse"));
    }
}
