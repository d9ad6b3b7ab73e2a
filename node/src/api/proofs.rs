//! Proofs that hold without trust in this node: of one key of the state, and of what became of a transaction.
//!
//! It must not know what a value or a receipt says. Each comes with the final header that commits to it, the headers up to the
//! certified one and the certificate. Invariant: what is proven stands in final blocks only.

use axum::Json;
use axum::extract::State;
use execution::keys::of_module;
use service::http::{ApiError, Path, hash, number, shown};
use types::{Canonical, Height};

use super::AppState;
use super::events::module_id;
use super::models::{ErrorResponse, ProofResponse, ReceiptProofResponse};
use super::read;
use super::routes::off_thread;
use crate::shell::Port;

/// Longest key of a module that is proven.
const KEY_BYTES_MAX: usize = 1_022;

/// Proof of what a module keeps under a key, or that it keeps nothing there, at the newest height whose root stands in a final header.
#[utoipa::path(get, path = "/api/v1/state/{module}/{key}/proof", tag = "proofs",
    params(("module" = String, Path, description = "The module's name or number; `kernel` is 0."),
           ("key" = String, Path, description = "The module's key, at most 1,022 bytes in hex, without the module's number.",
            format = "hex", min_length = 2, max_length = 2044)),
    responses((status = 200, body = ProofResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
              (status = 410, body = ErrorResponse)))]
pub(crate) async fn state(
    State(state): State<AppState>,
    Path((module, key)): Path<(String, String)>,
) -> Result<Json<ProofResponse>, ApiError> {
    let module = module_id(&state.port.registry, &module)?;
    let key = read_key(&key)?;
    off_thread(&state, move |port| prove(port, &of_module(module, &key)).map(Json)).await
}

/// Proof of a final transaction and of its result: the receipt's path to the root that the next block's header carries.
#[utoipa::path(get, path = "/api/v1/transactions/{id}/proof", tag = "proofs",
    params(("id" = String, Path, description = "The transaction's id.", format = "transaction")),
    responses((status = 200, body = ReceiptProofResponse), (status = 400, body = ErrorResponse),
              (status = 404, body = ErrorResponse)))]
pub(crate) async fn transaction(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<ReceiptProofResponse>, ApiError> {
    let id = hash(&id)?;
    off_thread(&state, move |port| {
        let place = port.store.transaction(&id)?.ok_or_else(|| {
            let hint = "wait until `GET /api/v1/transactions/{id}` says that it is final";
            ApiError::not_found(format!("this node has no final transaction {id}"), hint)
        })?;
        prove_receipt(port, place.height, place.index.saturating_add(1)).map(Json)
    })
    .await
}

/// Proof of one receipt of a final block: 0 is the block's own, the transaction at place `i` has `i + 1`.
#[utoipa::path(get, path = "/api/v1/receipts/{height}/{index}/proof", tag = "proofs",
    params(("height" = u64, Path, description = "The block."), ("index" = u32, Path, description = "The receipt's place.")),
    responses((status = 200, body = ReceiptProofResponse), (status = 400, body = ErrorResponse),
              (status = 404, body = ErrorResponse)))]
pub(crate) async fn receipt(
    State(state): State<AppState>,
    Path((height, index)): Path<(String, String)>,
) -> Result<Json<ReceiptProofResponse>, ApiError> {
    let height = Height(number(&height, "a height")?);
    let index = number(&index, "the place of a receipt")?;
    // No block has as many.
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    off_thread(&state, move |port| prove_receipt(port, height, index).map(Json)).await
}

fn read_key(text: &str) -> Result<Vec<u8>, ApiError> {
    let bytes = hex::decode(text).ok().filter(|bytes| (1..=KEY_BYTES_MAX).contains(&bytes.len()));
    bytes.ok_or_else(|| {
        let message = format!("`{}` is no key of a module", shown(text));
        let hint = format!("write 1 to {KEY_BYTES_MAX} bytes in hexadecimal digits, without the module's number");
        ApiError::bad("bad_key", message, hint)
    })
}

/// Proof of one key of the state, for other answers.
pub(super) fn prove(port: &Port, key: &[u8]) -> Result<ProofResponse, ApiError> {
    let tip = port.store.tip().map(|tip| tip.height).unwrap_or_default();
    let height = tip.0.checked_sub(1).map(Height).ok_or_else(not_yet)?;
    let proven = port.store.prove(height, key)?;
    let FinalHeader { header_hex, descendants_hex, certificate_hex } = final_header(port, height.next())?;
    Ok(ProofResponse {
        height,
        key_hex: hex::encode(key),
        value_hex: proven.value.map(hex::encode),
        proof_hex: hex::encode(borsh::to_vec(&proven.proof).expect("writing to memory cannot fail")),
        header_hex,
        descendants_hex,
        certificate_hex,
    })
}

fn prove_receipt(port: &Port, height: Height, index: u32) -> Result<ReceiptProofResponse, ApiError> {
    let none =
        |message: String| ApiError::not_found(message, "`GET /api/v1/blocks/{block}` shows the receipts of a block");
    let receipts =
        port.store.receipts(height)?.ok_or_else(|| none(format!("there is no final block {height} here")))?;
    let place = usize::try_from(index).unwrap_or(usize::MAX);
    let found = receipts.get(place).zip(crypto::ids::receipt_proof(&receipts, place));
    let (receipt, path) =
        found.ok_or_else(|| none(format!("block {height} has {} receipts, counted from 0", receipts.len())))?;
    let transaction = match place.checked_sub(1) {
        Some(place) => port.store.body(height)?.unwrap_or_default().transactions.get(place).cloned(),
        None => None,
    };
    let FinalHeader { header_hex, descendants_hex, certificate_hex } = final_header(port, height.next())?;
    Ok(ReceiptProofResponse {
        height,
        index,
        id: receipt.id,
        receipt_hex: read::to_hex(receipt),
        path_hex: types::to_hex(&path.to_canonical()),
        transaction_hex: transaction.as_ref().map(read::to_hex),
        header_hex,
        descendants_hex,
        certificate_hex,
    })
}

/// A header with what proves it final, each part in canonical bytes.
struct FinalHeader {
    header_hex: String,
    descendants_hex: Vec<String>,
    certificate_hex: String,
}

fn final_header(port: &Port, height: Height) -> Result<FinalHeader, ApiError> {
    let block = port.store.block(height)?.ok_or_else(not_yet)?;
    let (certificate, descendants) = read::proof(&port.store, &block)?.ok_or_else(not_yet)?;
    Ok(FinalHeader {
        header_hex: read::to_hex(&block.header),
        descendants_hex: descendants.iter().map(read::to_hex).collect(),
        certificate_hex: read::to_hex(&certificate),
    })
}

fn not_yet() -> ApiError {
    ApiError::not_found("no final header commits to it yet", "wait for the next block")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_whole_bytes_within_bounds() {
        assert_eq!(read_key("00fF"), Ok(vec![0, 255]));
        assert!(read_key(&"00".repeat(KEY_BYTES_MAX)).is_ok());
        for text in ["", "0", "0x00", "zz", &"00".repeat(KEY_BYTES_MAX + 1)] {
            assert!(read_key(text).is_err_and(|error| error.into_body().code == "bad_key"), "{text}");
        }
    }
}
