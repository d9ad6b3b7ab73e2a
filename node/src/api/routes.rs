//! All routes in one table: what is not here is not served, and what is here is described (a test compares).

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::guard::{Guard, pass};
use super::request::{BodyMax, shown};
use super::rooms::{Class, Room, take_place};
use super::{
    AppState, accounts, assets, blocks, fees, health, mining, node, openapi, payouts, stream, submit, transactions,
};
use crate::shell::Port;

/// One row: path, what it costs, and what answers its methods.
type Row = (&'static str, Class, MethodRouter<AppState>);

/// Every route of the API.
pub(crate) fn table() -> Vec<Row> {
    use Class::{Batch, Look, Probe, Read, Stream, Wait, Write};
    vec![
        ("/api/v1/status", Probe, get(node::status)),
        ("/api/v1/validators", Read, get(node::validators)),
        ("/api/v1/genesis", Read, get(node::genesis)),
        ("/api/v1/mempool", Look, get(node::mempool)),
        ("/api/v1/peers", Look, get(node::peers)),
        ("/api/v1/blocks", Read, get(blocks::list)),
        ("/api/v1/blocks/{block}", Read, get(blocks::one)),
        ("/api/v1/transactions", Write, post(submit::one)),
        ("/api/v1/transactions/batch", Batch, post(submit::batch)),
        ("/api/v1/transactions/simulate", Read, post(submit::simulate)),
        ("/api/v1/transactions/{id}", Wait, get(transactions::one)),
        ("/api/v1/accounts/{address}", Read, get(accounts::one)),
        ("/api/v1/accounts/{address}/transactions", Read, get(accounts::history)),
        ("/api/v1/accounts/{address}/proof", Read, get(accounts::proof)),
        ("/api/v1/assets", Read, get(assets::list)),
        ("/api/v1/assets/{id}", Read, get(assets::one)),
        ("/api/v1/assets/{id}/proof", Read, get(assets::proof)),
        ("/api/v1/fees/estimate", Read, get(fees::estimate)),
        ("/api/mining/work", Look, get(mining::work)),
        ("/api/mining/submit", Write, post(mining::submit)),
        ("/api/mining/info", Look, get(mining::info)),
        ("/api/mining/window", Read, get(mining::window)),
        ("/api/mining/accounts/{address}", Read, get(mining::account)),
        ("/api/mining/pool", Look, get(mining::pool)),
        ("/api/mining/pool.status", Look, get(mining::pool_status)),
        ("/api/mining/users/{address}", Look, get(mining::user)),
        ("/api/mining/payouts", Look, get(payouts::payouts)),
        ("/api/mining/payouts/{address}", Look, get(payouts::payout)),
        ("/api/mining/receipts", Look, get(payouts::receipts)),
        ("/api/mining/receipts/{work}/{address}", Read, get(payouts::receipt)),
        ("/api/info", Look, get(mining::public_info)),
        ("/api/pool", Look, get(mining::public_pool)),
        ("/api/network", Look, get(mining::public_network)),
        ("/api/client/{address}", Look, get(mining::public_client)),
        ("/api/client/{address}/{worker}", Look, get(mining::public_worker)),
        ("/api/v1/stream", Stream, get(stream::sse)),
        ("/api/v1/ws", Stream, get(stream::websocket)),
        ("/api/v1/openapi.json", Look, get(openapi::document)),
        ("/livez", Probe, get(health::live)),
        ("/readyz", Probe, get(health::ready)),
        ("/metrics", Probe, get(health::metrics)),
        ("/version", Probe, get(health::version)),
    ]
}

/// The whole API with its door.
pub(crate) fn router(state: AppState, guard: Arc<Guard>) -> Router {
    let rooms: BTreeMap<Class, Arc<Room>> =
        table().iter().filter_map(|(_, class, _)| Some((*class, Room::of(*class)?))).collect();
    let read_only = state.port.read_only;
    let routes = table().into_iter().fold(Router::new(), |router, (path, class, methods)| {
        let max = class.body_bytes_max();
        let methods: MethodRouter<AppState> = methods.fallback(wrong_method).layer(DefaultBodyLimit::max(max));
        let methods = match rooms.get(&class) {
            Some(room) => methods.layer(from_fn_with_state(room.clone(), take_place)),
            None => methods,
        };
        let methods = match class {
            // Before a byte of a body is read.
            Class::Write | Class::Batch => methods.layer(from_fn_with_state(read_only, refuse_writes)),
            _ => methods,
        };
        let methods: MethodRouter<AppState> = methods.layer(Extension(BodyMax(max)));
        router.route(path, methods)
    });
    let page =
        utoipa_swagger_ui::SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/api/v1/openapi.json"));
    routes.with_state(state).merge(page).fallback(nowhere).layer(from_fn_with_state(guard, pass))
}

/// A node that takes no writes says so to all of them.
async fn refuse_writes(State(read_only): State<bool>, request: Request, next: Next) -> Response {
    if read_only && request.method() == Method::POST {
        return ApiError::read_only().into_response();
    }
    next.run(request).await
}

/// Health and metrics only, with a door of their own: nothing that others ask for stands in their way.
pub(crate) fn probes(state: AppState, guard: Arc<Guard>) -> Router {
    let rows = table().into_iter().filter(|(_, class, _)| *class == Class::Probe);
    rows.fold(Router::new(), |router, (path, _, methods)| router.route(path, methods.fallback(wrong_method)))
        .with_state(state)
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(0))
        .layer(from_fn_with_state(guard, pass))
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

/// Whoever has asked, as the work for it sees it.
#[derive(Debug)]
pub(crate) struct Asker(Weak<()>);

impl Asker {
    /// Long work looks at it between its steps.
    ///
    /// # Errors
    /// Nobody waits for the answer any more, so nobody reads this error.
    pub(crate) fn is_here(&self) -> Result<(), ApiError> {
        if self.0.strong_count() > 0 { Ok(()) } else { Err(crate::shell::Unavailable::Stopping.into()) }
    }
}

/// Reads the store on a thread that may wait, so that no other request does. As few read at once as `AppState::reads` allows: a
/// full block takes some 40 MiB before its answer is measured. Whose asker goes before its turn is not begun.
pub(crate) async fn off_thread<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Port) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    off_thread_for(state, move |port, _| work(port)).await
}

/// The same for work of many steps, which ends when its asker has gone.
pub(crate) async fn off_thread_for<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Port, &Asker) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let port = state.port.clone();
    let here = Arc::new(());
    let asker = Asker(Arc::downgrade(&here));
    match in_turn(state.reads.clone(), move || work(&port, &asker)).await {
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

    // FAULTS RD3
    #[tokio::test]
    async fn work_whose_asker_has_gone_is_not_begun_and_ends_between_its_steps() {
        let turns = Arc::new(Semaphore::new(1));
        let turn = turns.clone().acquire_owned().await.expect("it is open");
        let (begin, begun) = std::sync::mpsc::channel::<()>();
        let waits = tokio::spawn(in_turn(turns.clone(), move || begin.send(())));
        tokio::task::yield_now().await;
        waits.abort();
        assert!(waits.await.is_err());
        drop(turn);
        assert_eq!(in_turn(turns, || 7).await, Some(7));
        assert!(begun.recv().is_err(), "it was dropped without a word");

        let here = Arc::new(());
        let asker = Asker(Arc::downgrade(&here));
        assert!(asker.is_here().is_ok());
        drop(here);
        assert!(asker.is_here().is_err());
    }

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
        let served: BTreeSet<String> = table().into_iter().map(|(path, ..)| path.to_owned()).collect();
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
