//! The routes of this service, all below `/api/v1/module_name`. Questions to the rules are routes by themselves and not written here.

use axum::Json;
use axum::extract::State;
use module_name::ModuleNameNewest;
use serde::Deserialize;
use service::http::{ApiError, Class, ErrorResponse, Params, Routes, page};
use service::routes;
use utoipa::IntoParams;

use crate::newest::Newest;

/// All of them.
pub(crate) fn routes(newest: &Newest) -> Routes {
    Routes::default().own(Class::Look, newest, routes!(newest_notes))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NewestParams {
    /// How many at most; 20 unless given, never above 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// The newest notes that this node has seen in final blocks since its start, the newest first.
#[utoipa::path(get, path = "/api/v1/module_name/newest", tag = "module_name", params(NewestParams), responses(
    (status = 200, body = Vec<ModuleNameNewest>), (status = 400, body = ErrorResponse)))]
async fn newest_notes(
    State(newest): State<Newest>,
    Params(params): Params<NewestParams>,
) -> Result<Json<Vec<ModuleNameNewest>>, ApiError> {
    let limit = page(params.limit)?;
    Ok(Json(newest.list(usize::try_from(limit).unwrap_or(usize::MAX))))
}
