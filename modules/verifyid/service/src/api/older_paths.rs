//! The paths of VerifyID's predecessor, `/api/verify/…`, in its words: what is asked there is asked of the routes below `/api/v1/verifyid`, which answer with
//! the same statuses and codes.
//!
//! It must not know more than those routes tell, nor judge anything itself. What the predecessor took as proof, a MAC by what everybody can read of a
//! device, is a wrong answer here as there.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::http::{ApiError, Client, ErrorResponse, Params, Path};
use service::token::{Bearer, TokenTerms};
use utoipa::{IntoParams, ToSchema};
use verifyid::{DeviceAnswer, SIGNATURE_BYTES, Status};

use super::errors::{NotServed, QuotaResponse};
use super::hmac::MacAnswerRequest;
use super::{AnswerRequest, Api, ChallengeRequest, PurposeName, ShortBody, TEXTS, VerifiedResponse, hmac};
use crate::proof;

/// Asks for a challenge, in the predecessor's words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OlderChallengeRequest {
    /// The device's id: its text, or 64 hexadecimal digits.
    device_id: String,
    /// Whom the answer is for; where it is absent, for `thr-verify:` and the first eight digits of the chain's id.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    audience: Option<String>,
    /// Not looked at: the chain knows the device's key.
    #[serde(default, rename = "public_key")]
    _public_key: Option<String>,
}

/// A challenge in the predecessor's words. Texts are hexadecimal digits, but the audience.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OlderChallenge {
    /// True; every other answer is an error.
    ok: bool,
    /// The sealed challenge, to be handed in with the answer.
    challenge_id: String,
    /// The 210 bytes that are answered.
    challenge: String,
    /// Whom the answer is for.
    audience: String,
    /// When it was asked for, in milliseconds since 1970.
    issued_at: u64,
    /// It is good until before then.
    expires_at: u64,
}

/// Hands in an answer, in the predecessor's words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OlderAnswer {
    /// The `challenge_id` as it was given.
    challenge_id: String,
    /// The signature, 128 hexadecimal digits; or what an older device answers by its secret, 64.
    response: String,
    /// Not looked at: the chain knows the device's key.
    #[serde(default, rename = "public_key")]
    _public_key: Option<String>,
}

/// A device that has shown its key, in the predecessor's words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OlderVerdict {
    /// True; every other verdict is an error.
    ok: bool,
    /// True.
    verified: bool,
    /// The device's id.
    device_id: String,
    /// Its level at the newest block.
    level: u8,
    /// When, in milliseconds since 1970.
    verified_at: u64,
}

/// Which device.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OlderQuestion {
    /// The device's id: its text, or 64 hexadecimal digits.
    #[param(format = "device")]
    #[schema(format = "device")]
    device_id: String,
}

/// Whether a device is there, in the predecessor's words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OlderStanding {
    /// True.
    ok: bool,
    /// The device's id.
    device_id: String,
    /// Whether it is registered.
    exists: bool,
    /// Whether it was verified and counts: it is neither suspended, revoked nor held.
    verified: bool,
    /// 0 to 4; absent while it counts for nothing or is not registered.
    level: Option<u8>,
}

/// A device in the predecessor's words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OlderDevice {
    /// True; every other answer is an error.
    ok: bool,
    /// The device, as `/api/v1/verifyid/devices/{id}` tells it.
    #[schema(value_type = DeviceAnswer)]
    device: Value,
}

/// Registers nothing: a device is registered by a transaction that its key and whoever pays sign. Whatever is sent, the answer says how.
#[utoipa::path(post, path = "/api/verify/register", tag = "verifyid", responses((status = 410, body = ErrorResponse)))]
pub(super) async fn register() -> ApiError {
    ApiError::said(StatusCode::GONE, "registered_on_chain", TEXTS.said("registered_on_chain"))
}

/// Asks for a challenge to show that a device is there. As `POST /api/v1/verifyid/challenges` with the purpose `presence`.
#[utoipa::path(post, path = "/api/verify/challenge/create", tag = "verifyid", request_body = OlderChallengeRequest, responses(
    (status = 201, body = OlderChallenge), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 402, body = QuotaResponse), (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 429, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn create(
    state: State<Api>,
    client: Client,
    token: Bearer,
    ShortBody(request): ShortBody<OlderChallengeRequest>,
) -> Result<(StatusCode, Json<OlderChallenge>), NotServed> {
    let OlderChallengeRequest { device_id: device, audience, .. } = request;
    let audience = audience.unwrap_or_else(|| TokenTerms::audience("thr-verify", state.chain.id()));
    let wanted = ChallengeRequest { device, audience: audience.clone(), purpose: PurposeName::Presence };
    let (status, Json(given)) = super::challenge(state, client, token, ShortBody(wanted)).await?;
    let challenge = OlderChallenge {
        ok: true,
        challenge_id: given.challenge,
        challenge: given.preimage,
        audience,
        issued_at: given.issued_at,
        expires_at: given.expires_at,
    };
    Ok((status, Json(challenge)))
}

/// Hands in the answer to a challenge: a signature as at `POST /api/v1/verifyid/challenges/answer`, or a MAC as at `POST /api/v1/verifyid/hmac/answer`.
#[utoipa::path(post, path = "/api/verify/challenge/respond", tag = "verifyid", request_body = OlderAnswer, responses(
    (status = 200, body = OlderVerdict), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 402, body = QuotaResponse), (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 410, body = ErrorResponse), (status = 429, body = QuotaResponse),
    (status = 503, body = ErrorResponse)))]
pub(super) async fn respond(
    state: State<Api>,
    client: Client,
    ShortBody(request): ShortBody<OlderAnswer>,
) -> Result<(HeaderMap, Json<OlderVerdict>), NotServed> {
    let OlderAnswer { challenge_id: challenge, response: answer, .. } = request;
    let (headers, Json(verdict)) = if answer.len() < 2 * SIGNATURE_BYTES {
        hmac::answer(state, client, ShortBody(MacAnswerRequest { challenge, mac: answer })).await?
    } else {
        super::answer(state, client, ShortBody(AnswerRequest { challenge, answer })).await?
    };
    let VerifiedResponse { verified, device, level, verified_at, .. } = verdict;
    Ok((headers, Json(OlderVerdict { ok: true, verified, device_id: device, level, verified_at })))
}

/// Whether a device is registered and counts.
#[utoipa::path(get, path = "/api/verify/check", tag = "verifyid", params(OlderQuestion), responses(
    (status = 200, body = OlderStanding), (status = 400, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn check(
    State(api): State<Api>,
    Params(question): Params<OlderQuestion>,
) -> Result<Json<OlderStanding>, ApiError> {
    standing(&api, &question.device_id).await
}

/// The same, asked by a body.
#[utoipa::path(post, path = "/api/verify/check", tag = "verifyid", request_body = OlderQuestion, responses(
    (status = 200, body = OlderStanding), (status = 400, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn check_by_body(
    State(api): State<Api>,
    ShortBody(question): ShortBody<OlderQuestion>,
) -> Result<Json<OlderStanding>, ApiError> {
    standing(&api, &question.device_id).await
}

/// A device as the chain has it.
#[utoipa::path(get, path = "/api/verify/device/{id}", tag = "verifyid",
    params(("id" = String, Path, description = "the device's id", format = "device")), responses(
    (status = 200, body = OlderDevice), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 503, body = ErrorResponse)))]
pub(super) async fn device(state: State<Api>, id: Path<String>) -> Result<Json<OlderDevice>, ApiError> {
    let Json(device) = super::device(state, id).await?;
    Ok(Json(OlderDevice { ok: true, device }))
}

async fn standing(api: &Api, id: &str) -> Result<Json<OlderStanding>, ApiError> {
    let device = api.device_id(id)?;
    let chain = api.chain.clone();
    let found = api.reads.read(move || Ok(proof::device(&*chain, &device)?)).await?;
    let level = found.as_ref().and_then(|device| device.level);
    let verified = level.is_some() && found.as_ref().is_some_and(|device| device.status == Status::Verified);
    let device_id = device.to_text(api.chain.genesis().network);
    Ok(Json(OlderStanding { ok: true, device_id, exists: found.is_some(), verified, level }))
}
