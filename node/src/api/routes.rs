//! All routes of the node in one table, those of its services and of what modules answer: what is not here is not served, and what is
//! here is described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use execution::Registry;
use service::http::{ApiError, Asker, BodyMax, Class, Route, Routes, shown};
use service::routes;
use utoipa_axum::router::UtoipaMethodRouter;

use super::guard::{Guard, pass};
use super::rooms::{Room, take_place};
use super::{
    AppState, accounts, assets, blocks, events, fees, foreign, health, node, openapi, proofs, queries, stream, submit,
    transactions,
};
use crate::shell::Port;

/// One row: what it costs, and what answers its methods, described.
pub(super) type Row = (Class, UtoipaMethodRouter<AppState>);

/// Every route of the node itself.
pub(crate) fn table() -> Vec<Row> {
    use Class::{Batch, Look, Probe, Read, Stream, Wait, Write};
    let mut rows = vec![
        (Probe, routes!(node::status)),
        (Read, routes!(node::validators)),
        (Read, routes!(node::genesis)),
        (Look, routes!(node::mempool)),
        (Look, routes!(node::peers)),
        (Read, routes!(blocks::list)),
        (Read, routes!(blocks::one)),
        (Write, routes!(submit::one)),
        (Batch, routes!(submit::batch)),
        (Read, routes!(submit::simulate)),
        (Wait, routes!(transactions::one)),
        (Read, routes!(accounts::one)),
        (Read, routes!(accounts::history)),
        (Read, routes!(accounts::proof)),
        (Read, routes!(assets::list)),
        (Read, routes!(assets::one)),
        (Read, routes!(assets::proof)),
        (Read, routes!(fees::estimate)),
        (Read, routes!(events::list)),
        (Read, routes!(proofs::state)),
        (Read, routes!(proofs::transaction)),
        (Read, routes!(proofs::receipt)),
        (Stream, routes!(stream::sse)),
        (Stream, routes!(stream::websocket)),
        (Look, routes!(openapi::document)),
        (Probe, routes!(health::live)),
        (Probe, routes!(health::ready)),
        (Probe, routes!(health::metrics)),
        (Probe, routes!(health::version)),
    ];
    rows.extend(foreign::rows());
    rows
}

/// A route without its description: what it costs, what answers.
type Served = (String, Class, MethodRouter);

/// The node's own routes, those of its services, and what modules answer.
fn served(state: &AppState, services: &[(&'static str, Routes)]) -> Vec<Served> {
    let with_state = |(class, (schemas, paths, handlers)): Row| {
        of_route(&Route { class, methods: (schemas, paths, handlers.with_state(state.clone())) })
    };
    let asked: Vec<Served> = queries::rows(&state.port.registry).into_iter().flat_map(with_state).collect();
    let mut all: Vec<Served> = table().into_iter().flat_map(with_state).collect();
    for (name, Routes { own, foreign, former_prefix }) in services {
        let own: Vec<Served> = own.iter().flat_map(of_route).collect();
        if let Some(former) = former_prefix {
            let prefix = format!("/api/v1/{name}/");
            let renamed = |(path, class, handlers): &Served| {
                Some((format!("{former}/{}", path.strip_prefix(&prefix)?), *class, handlers.clone()))
            };
            all.extend(own.iter().chain(&asked).filter_map(renamed).collect::<Vec<_>>());
        }
        all.extend(own);
        all.extend(foreign.iter().flat_map(of_route));
    }
    all.extend(asked);
    all
}

/// What is wrong with where routes stand: a path that stands for two of them, or one of a service's own beside its prefix.
fn misplaced(registry: &Registry, services: &[(&'static str, Routes)]) -> Vec<String> {
    let of_rows = |rows: Vec<Row>| rows.into_iter().flat_map(|(_, (_, paths, _))| paths.paths.into_keys());
    let of_routes = |routes: &[Route]| routes.iter().flat_map(Route::paths).map(str::to_owned).collect::<Vec<_>>();
    let of_services =
        services.iter().flat_map(|(_, routes)| [of_routes(&routes.own), of_routes(&routes.foreign)].concat());
    let mut seen = BTreeSet::new();
    let all = of_rows(table()).chain(of_rows(queries::rows(registry))).chain(of_services);
    let twice = all.filter(|path| !seen.insert(path.clone())).map(|path| format!("{path} stands for two routes"));
    let mut wrong: Vec<String> = twice.collect();
    for (name, routes) in services {
        let beside = of_routes(&routes.own).into_iter().filter(|path| !path.starts_with(&format!("/api/v1/{name}/")));
        wrong.extend(beside.map(|path| format!("{path} is no path of the service `{name}`")));
    }
    wrong.extend(ambiguous(registry, services));
    wrong
}

/// Names that stand for two schemas: the description of the API would have only one of them.
fn ambiguous(registry: &Registry, services: &[(&'static str, Routes)]) -> Vec<String> {
    let of_rows = table().into_iter().chain(queries::rows(registry)).flat_map(|(_, (schemas, ..))| schemas);
    let of_services = services.iter().flat_map(|(_, routes)| routes.own.iter().chain(&routes.foreign));
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, schema) in of_rows.chain(of_services.flat_map(|route| route.methods.0.clone())) {
        if seen.get(&name).is_some_and(|known| *known != schema) {
            wrong.push(format!("the schema {name} stands for two types: name one of them otherwise"));
        }
        seen.insert(name, schema);
    }
    wrong
}

fn of_route(route: &Route) -> Vec<Served> {
    route.paths().map(|path| (path.to_owned(), route.class, route.handlers())).collect()
}

/// The whole API with its door.
///
/// # Panics
/// Two routes have one path, two types one name, or a service has a path beside its prefix: routes are code, not input.
pub(crate) fn router(state: AppState, services: &[(&'static str, Routes)], guard: Arc<Guard>) -> Router {
    let wrong = misplaced(&state.port.registry, services);
    assert!(wrong.is_empty(), "{}", wrong.join("; "));
    let all = served(&state, services);
    let rooms: BTreeMap<Class, Arc<Room>> =
        all.iter().filter_map(|(_, class, _)| Some((*class, Room::of(*class)?))).collect();
    let read_only = state.port.read_only;
    let routes = all.into_iter().fold(Router::new(), |router, (path, class, methods)| {
        let max = class.body_bytes_max();
        let methods: MethodRouter = methods.fallback(wrong_method).layer(DefaultBodyLimit::max(max));
        let methods = match rooms.get(&class) {
            Some(room) => methods.layer(from_fn_with_state(room.clone(), take_place)),
            None => methods,
        };
        // Before a byte of a body is read.
        let methods =
            if class.is_write() { methods.layer(from_fn_with_state(read_only, refuse_writes)) } else { methods };
        let methods: MethodRouter = methods.layer(Extension(BodyMax(max)));
        router.route(&path, methods)
    });
    let page =
        utoipa_swagger_ui::SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/api/v1/openapi.json"));
    routes.merge(page).fallback(nowhere).layer(from_fn_with_state(guard, pass))
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
    let rows: Vec<Served> = served(&state, &[]).into_iter().filter(|(_, class, _)| *class == Class::Probe).collect();
    let paths = rows.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>().join(", ");
    let only = format!("here are only {paths}; ask the API, at `api.listen`, for the rest");
    let (nowhere_else, get_only) = (only.clone(), only);
    let wrong_method = move |method: Method, uri: Uri| {
        let error = refused_method(&method, &uri).with_hint(format!("ask it by GET; {get_only}"));
        async move { error }
    };
    let nowhere = move |uri: Uri| {
        let error = no_route(&uri).with_hint(nowhere_else);
        async move { error }
    };
    rows.into_iter()
        .fold(Router::new(), |router, (path, _, methods)| router.route(&path, methods.fallback(wrong_method.clone())))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(0))
        .layer(from_fn_with_state(guard, pass))
}

async fn nowhere(uri: Uri) -> ApiError {
    no_route(&uri)
}

fn no_route(uri: &Uri) -> ApiError {
    ApiError::not_found(format!("there is no route `{}`", shown(uri.path())), "see /docs for all routes")
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    refused_method(&method, &uri)
}

fn refused_method(method: &Method, uri: &Uri) -> ApiError {
    let message = format!("`{}` does not take {}", shown(uri.path()), shown(method.as_str()));
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
        "see /docs for the methods of this route",
    )
}

/// Reads the store on a thread that may wait, so that no other request does. Few read at once: a full block takes some 40 MiB
/// before its answer is measured. Whose asker goes before its turn is not begun.
pub(crate) async fn off_thread<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Port) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let port = state.port.clone();
    state.reads.read(move || work(&port)).await
}

/// The same for work of many steps, which ends when its asker has gone.
pub(crate) async fn off_thread_for<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Port, &Asker) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let port = state.port.clone();
    state.reads.read_for(move |asker| work(&port, asker)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service's own route where a question of the kernel stands.
    #[utoipa::path(get, path = "/api/v1/kernel/supply", responses((status = 200)))]
    async fn supply() {}

    #[test]
    fn a_question_and_a_services_route_of_one_path_are_found_and_so_is_a_route_beside_its_prefix() {
        let registry = runtime::registry();
        assert_eq!(misplaced(&registry, &[]), [] as [&str; 0]);
        let clash = |name| [(name, Routes::default().own(Class::Read, &(), routes!(supply)))];
        assert_eq!(misplaced(&registry, &clash("kernel")), ["/api/v1/kernel/supply stands for two routes"]);
        let beside = "/api/v1/kernel/supply is no path of the service `tide`";
        assert!(misplaced(&registry, &clash("tide")).contains(&beside.to_owned()));
    }

    /// Has the name of what every error answers, and another shape.
    #[derive(serde::Serialize, utoipa::ToSchema)]
    struct ErrorResponse {
        tide: u8,
    }

    /// A route that answers it.
    #[utoipa::path(get, path = "/api/v1/tide/level", responses((status = 200, body = ErrorResponse)))]
    async fn level() {}

    #[test]
    fn two_types_of_one_name_are_found() {
        let registry = runtime::registry();
        let clash = [("tide", Routes::default().own(Class::Read, &(), routes!(level)))];
        let expected = ["the schema ErrorResponse stands for two types: name one of them otherwise"];
        assert_eq!(misplaced(&registry, &clash), expected);
    }

    // FAULTS RT15
    #[test]
    fn whatever_the_chain_or_the_pool_refuses_comes_with_a_hint() {
        let registry = runtime::registry();
        let of_modules =
            registry.modules().flat_map(|module| module.rejects().iter().map(move |one| (module.id(), one)));
        let kernel = execution::KernelReject::ALL.iter().map(|one| (types::ModuleId(0), one));
        let mut names = Vec::new();
        for (module, reject) in of_modules.chain(kernel) {
            let error = ApiError::reject(&registry, execution::Reject::new(module, reject.number)).into_body();
            assert!(error.hint.len() > 10 && error.hint != error.message, "{error:?}");
            names.push(error.code);
        }
        assert!(names.len() > 80 && names.iter().any(|name| name == "above_target"), "{names:?}");
        for name in ["sender_limit", "peer_limit", "replacement_underpriced", "calls_full"] {
            assert_ne!(service::http::hint_of(name), service::http::hint_of("something else"), "{name}");
        }
    }

    #[test]
    fn the_description_is_openapi_3_1_and_names_every_schema_it_refers_to() {
        let document = serde_json::to_value(openapi::description(&runtime::registry(), &[])).expect("JSON");
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap_or_default();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
        }
        assert!(text.contains("ErrorResponse"));
    }
}
