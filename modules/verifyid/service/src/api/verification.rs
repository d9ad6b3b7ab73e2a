//! The route that proves one verification: its leaf, the path to the root of its batch, and where the chain has that root.
//!
//! It must not know how a batch comes to the chain.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use service::http::{ApiError, ErrorResponse, Path, shown};
use types::Network;
use utoipa::ToSchema;
use verifyid::{VerificationLeaf, batch_key};

use super::errors::{bad, not_found, unavailable};
use super::{Api, TEXTS};
use crate::ledger::files::{ProvableBatch, StoredBatch};

/// A verification that this node has acknowledged. Texts are hexadecimal digits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerificationResponse {
    /// Whether the chain has it. Before that there is the leaf alone.
    anchored: bool,
    /// What was acknowledged.
    leaf: LeafResponse,
    /// From the leaf to the root of its batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathResponse>,
    /// The batch, as the chain has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<AnchoredResponse>,
}

/// A leaf: its hash is SHA-256 of `thronos/vidleaf`, filled up with zeros to 16 bytes, and of its fields in this order.
#[derive(Debug, Serialize, ToSchema)]
struct LeafResponse {
    /// The device, 32 bytes.
    device: String,
    /// The challenge's id, 16 bytes.
    challenge_id: String,
    /// When, in milliseconds since 1970; 8 bytes, little-endian.
    time: u64,
    /// 1 verified, 2 bad answer, 3 expired, 6 suspended, revoked, held, or not accepted where it logs in or quotes.
    result: u8,
    /// 1: by a signature; 3: by a quote of its TPM.
    method: u8,
    /// SHA-256 of whom it was for.
    audience_sha256: String,
    /// SHA-256 of the answer.
    answer_sha256: String,
    /// Its hash.
    hash: String,
}

/// A path in a tree with the tag `thronos/vidtree`, as that of a receipt.
#[derive(Debug, Serialize, ToSchema)]
struct PathResponse {
    /// The leaf's place, from 0.
    index: u32,
    /// How many leaves the batch has.
    count: u32,
    /// The hashes beside the path, from the leaf upwards; levels where it is promoted have none.
    siblings: Vec<String>,
}

/// A batch on the chain.
#[derive(Debug, Serialize, ToSchema)]
struct AnchoredResponse {
    /// The account that anchored it.
    verifier: String,
    /// The verifier's number for it.
    sequence: u64,
    /// Its root.
    root: String,
    /// The block.
    height: u64,
    /// The key under which the chain has its record: the proof of it, with header and certificate, is at `proof`.
    state_key: String,
    /// The route that proves the record against a final block.
    proof: String,
}

/// Proves a verification that this node has acknowledged: its leaf, and once the chain has its batch the path and the batch. Proofs are
/// served for 400 days.
#[utoipa::path(get, path = "/api/v1/verifyid/verifications/{id}", tag = "verifyid",
    params(("id" = String, Path, description = "the challenge's id: 32 hexadecimal digits", format = "hex", min_length = 32, max_length = 32)),
    responses((status = 200, body = VerificationResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
        (status = 503, body = ErrorResponse)))]
pub(super) async fn one(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<VerificationResponse>, ApiError> {
    let challenge = challenge_id(&id)?;
    let ledger = api.office()?.ledger().cloned().ok_or_else(|| not_found("no_verifications"))?;
    let network = api.chain.genesis().network;
    api.searches
        .read(move || {
            if let Some(open) = ledger.ask(|batcher| batcher.open_leaf(&challenge)) {
                return Ok(Json(alone(&open.leaf())));
            }
            let found = ledger.files().find(&challenge).map_err(|error| {
                tracing::error!(%error, "the index of verifications cannot be read");
                unavailable("store_unavailable", TEXTS.said("verifications_unreadable"))
            })?;
            let (batch, place, leaf) = found.ok_or_else(|| not_found("no_verification"))?;
            Ok(Json(answer(&batch, (place, &leaf.leaf()), network)))
        })
        .await
}

fn alone(leaf: &VerificationLeaf) -> VerificationResponse {
    VerificationResponse { anchored: false, leaf: shape(leaf), path: None, batch: None }
}

fn answer(
    provable: &ProvableBatch,
    (place, leaf): (usize, &VerificationLeaf),
    network: Network,
) -> VerificationResponse {
    let StoredBatch { closed, anchored, .. } = &provable.batch;
    let Some(anchored) = anchored else { return alone(leaf) };
    let path = provable.prove(place).map(|path| PathResponse {
        index: path.index,
        count: path.count,
        siblings: path.siblings.iter().map(ToString::to_string).collect(),
    });
    let state_key = hex::encode(batch_key(&anchored.verifier, anchored.sequence));
    let batch = AnchoredResponse {
        verifier: anchored.verifier.to_text(network),
        sequence: anchored.sequence,
        root: closed.root.to_string(),
        height: anchored.height.0,
        proof: format!("/api/v1/state/verifyid/{state_key}/proof"),
        state_key,
    };
    VerificationResponse { anchored: true, leaf: shape(leaf), path, batch: Some(batch) }
}

fn shape(leaf: &VerificationLeaf) -> LeafResponse {
    LeafResponse {
        device: leaf.device.0.to_string(),
        challenge_id: hex::encode(leaf.challenge),
        time: leaf.time.0,
        result: leaf.result,
        method: leaf.method,
        audience_sha256: leaf.audience.to_string(),
        answer_sha256: leaf.answer.to_string(),
        hash: leaf.digest().to_string(),
    }
}

fn challenge_id(text: &str) -> Result<[u8; 16], ApiError> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id)
        .map_err(|_| bad("malformed", TEXTS.said("no_challenge_id").with("text", shown(text))))?;
    Ok(id)
}
