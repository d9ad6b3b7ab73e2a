//! The API described: OpenAPI 3.1, derived from the handlers, and a page to browse it.

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use utoipa::OpenApi;

use super::described::{Chain, complete};
use super::{AppState, accounts, assets, blocks, fees, health, mining, node, payouts, stream, submit, transactions};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Thronos node",
        description = "Amounts and prices are strings of an integer in base units; hashes and canonical bytes are lower-case hex. \
                       Every error is `{code, message, hint}` with a stable code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        node::status,
        node::validators,
        node::genesis,
        node::mempool,
        node::peers,
        blocks::list,
        blocks::one,
        transactions::one,
        submit::one,
        submit::batch,
        submit::simulate,
        fees::estimate,
        accounts::one,
        accounts::history,
        accounts::proof,
        assets::list,
        assets::one,
        assets::proof,
        mining::work,
        mining::submit,
        mining::info,
        mining::window,
        mining::account,
        mining::pool,
        mining::pool_status,
        mining::user,
        payouts::payouts,
        payouts::payout,
        payouts::receipts,
        payouts::receipt,
        mining::public_info,
        mining::public_pool,
        mining::public_network,
        mining::public_client,
        mining::public_worker,
        stream::sse,
        stream::websocket,
        health::live,
        health::ready,
        health::metrics,
        health::version,
        document,
    )
)]
struct Description;

/// This description, with what holds on this node's chain.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "node", responses((status = 200, body = Object)))]
pub(crate) async fn document(State(state): State<AppState>) -> Json<Value> {
    Json(complete(&description(), &Chain::new(state.port.chain_id, &state.port.genesis)))
}

/// What handlers say of themselves.
pub(crate) fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
