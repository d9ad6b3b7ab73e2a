//! The API described: OpenAPI 3.1, derived from the handlers, and a page to browse it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use execution::Registry;
use utoipa::OpenApi;

use service::http::Routes;

use super::AppState;
use super::described::{Chain, complete};
use super::queries;
use super::routes::table;

#[derive(OpenApi)]
#[openapi(info(
    title = "Thronos node",
    description = "Amounts and prices are strings of an integer in base units; hashes and canonical bytes are lower-case hex. \
                       Every error is `{code, message, hint}` with a stable code.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Description;

/// This description, with what holds on this node's chain.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "node", responses((status = 200, body = Object)))]
pub(crate) async fn document(State(state): State<AppState>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], state.described)
}

/// What [`document`] answers. Kept as text, once: as values it takes fifteen times the memory.
pub(crate) fn text(registry: &Registry, services: &[(&'static str, Routes)], chain: &Chain) -> Bytes {
    complete(&description(registry, services), chain).to_string().into()
}

/// What handlers say of themselves, those of services too, and modules of what they answer.
pub(crate) fn description(registry: &Registry, services: &[(&'static str, Routes)]) -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    let own = table().into_iter().chain(queries::rows(registry)).map(|(_, (schemas, paths, _))| (schemas, paths));
    let of_services = services.iter().flat_map(|(_, routes)| routes.own.iter().chain(&routes.foreign));
    let of_services = of_services.map(|route| (route.methods.0.clone(), route.methods.1.clone()));
    let components = description.components.get_or_insert_default();
    for (schemas, paths) in own.chain(of_services) {
        components.schemas.extend(schemas);
        description.paths.paths.extend(paths.paths);
    }
    description
}
