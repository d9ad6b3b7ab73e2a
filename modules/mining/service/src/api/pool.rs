//! The port's statistics in the two shapes that dashboards of miners read.

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use service::http::{ApiError, ErrorResponse, Path, address};
use stratum::{Server, report};

use super::Api;

/// The port's statistics as ckpool writes them for a pool.
#[utoipa::path(get, path = "/api/v1/mining/pool", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(super) async fn pool(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    tell(&api, |server| Some(report::ckpool_pool(server))).await
}

/// The port's statistics as ckpool's file `pool.status`: three objects, one on a line.
#[utoipa::path(get, path = "/api/v1/mining/pool.status", tag = "mining",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = ErrorResponse)))]
pub(super) async fn pool_status(State(api): State<Api>) -> Result<String, ApiError> {
    let Json(told) = tell(&api, |server| Some(Value::String(report::ckpool_status(server)))).await?;
    Ok(told.as_str().unwrap_or_default().to_owned())
}

/// An address's statistics as ckpool writes them for a user.
#[utoipa::path(get, path = "/api/v1/mining/users/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(super) async fn user(State(api): State<Api>, Path(text): Path<String>) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, api.network())?;
    tell(&api, move |server| report::ckpool_user(server, payee)).await
}

/// The port in the shape of public-pool: programs of miners and blocks found.
#[utoipa::path(get, path = "/api/info", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(super) async fn public_info(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    tell(&api, |server| Some(report::public_info(server))).await
}

/// The port in the shape of public-pool: rate and miners.
#[utoipa::path(get, path = "/api/pool", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(super) async fn public_pool(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    tell(&api, |server| Some(report::public_pool(server))).await
}

/// The work chain in the shape of public-pool.
#[utoipa::path(get, path = "/api/network", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(super) async fn public_network(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    let chain = String::from_utf8_lossy(&api.chain.genesis().name).into_owned();
    tell(&api, move |server| Some(report::public_network(server, &chain))).await
}

/// An address's miners in the shape of public-pool.
#[utoipa::path(get, path = "/api/client/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(super) async fn public_client(State(api): State<Api>, Path(text): Path<String>) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, api.network())?;
    tell(&api, move |server| Some(report::public_client(server, payee))).await
}

/// The rate of an address's miners in the shape of public-pool's chart, which has one point here: now.
#[utoipa::path(get, path = "/api/client/{address}/chart", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address")),
    responses((status = 200, body = Vec<Object>), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(super) async fn public_chart(State(api): State<Api>, Path(text): Path<String>) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, api.network())?;
    tell(&api, move |server| Some(report::public_chart(server, payee))).await
}

/// One miner in the shape of public-pool. A miner named `chart` is hidden by the address's chart.
#[utoipa::path(get, path = "/api/client/{address}/{worker}", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address"),
           ("worker" = String, Path, description = "The miner's name.")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(super) async fn public_worker(
    State(api): State<Api>,
    Path((text, worker)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, api.network())?;
    tell(&api, move |server| report::public_worker(server, payee, &worker)).await
}

/// Asks the port; nothing is an address that nobody has mined for.
async fn tell(
    api: &Api,
    question: impl FnOnce(&Server) -> Option<Value> + Send + 'static,
) -> Result<Json<Value>, ApiError> {
    let answer = api.ask(question).await?;
    answer.map(Json).ok_or_else(|| ApiError::not_found("nobody has mined for this address here", "check the address"))
}
