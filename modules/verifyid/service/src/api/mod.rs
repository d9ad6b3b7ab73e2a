//! The routes of this service, all below `/api/v1/verifyid`. Questions to the rules are routes by themselves and not written here.
//!
//! It must not know how a challenge is sealed or judged. Invariant: what cannot be read uses nothing up.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use service::chain::Chain;
use service::http::{ApiError, BodyMax, Class, Client, ErrorResponse, JsonBody, Path, Reads, Routes, oversize, shown};
use service::{Ground, routes};
use types::Hash32;
use utoipa::ToSchema;
use verifyid::{DeviceAnswer, DeviceId, Purpose, SIGNATURE_BYTES, tags};

use crate::examiner::token::Origin;
use crate::examiner::{Refused, Wanted};
use crate::office::{NotVerified, Office};
use crate::proof;

/// Longest body of a request: a token, a signature, and what stands around them.
const BODY_BYTES_MAX: usize = 2_048;
/// Longest audience.
const AUDIENCE_BYTES_MAX: usize = 256;

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Api {
    chain: Arc<dyn Chain>,
    reads: Reads,
    office: Option<Arc<Office>>,
}

/// All of them.
pub(crate) fn routes(ground: &Ground, office: Option<Arc<Office>>) -> Routes {
    let api = &Api { chain: ground.chain.clone(), reads: ground.reads.clone(), office };
    // None of them changes the chain, so a read-only node has them too.
    Routes::default().own(Class::Read, api, routes!(challenge)).own(Class::Read, api, routes!(answer)).own(
        Class::Read,
        api,
        routes!(device),
    )
}

/// A JSON body of a few hundred bytes.
struct ShortBody<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ShortBody<T> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        request.extensions_mut().insert(BodyMax(BODY_BYTES_MAX));
        // What comes without a length is bounded while it is read.
        DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
        let read = JsonBody::from_request(request, state).await;
        let too_long = oversize(BODY_BYTES_MAX);
        read.map(|JsonBody(body)| Self(body)).map_err(|error| match error == too_long {
            true => too_long.with_hint("a request of this route has a few hundred bytes: see /docs"),
            false => error,
        })
    }
}

/// What a challenge can be asked for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PurposeName {
    /// To show that the device is there.
    Presence,
}

impl PurposeName {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Presence => Purpose::Presence,
        }
    }
}

/// Asks for a challenge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChallengeRequest {
    /// The device's id: its text, or 64 hexadecimal digits.
    device: String,
    /// Whom the answer is for, such as `https://fleet.example`: 1 to 256 bytes. The device compares its SHA-256 before it signs.
    #[schema(min_length = 1, max_length = 256)]
    audience: String,
    /// What for.
    purpose: PurposeName,
}

/// A challenge. Texts are hexadecimal digits.
#[derive(Debug, Serialize, ToSchema)]
struct ChallengeResponse {
    /// The sealed challenge, to be handed in with the answer.
    challenge: String,
    /// What nobody could know before: 32 bytes.
    nonce: String,
    /// When it was asked for, in milliseconds since 1970.
    issued_at: u64,
    /// It is good until before then.
    expires_at: u64,
    /// The 210 bytes that the device signs, after it has compared chain, device and audience in them.
    preimage: String,
}

/// Hands in an answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerRequest {
    /// The sealed challenge, as it was given.
    challenge: String,
    /// The signature: 128 hexadecimal digits. Ed25519 signs the preimage, ECDSA its SHA-256.
    answer: String,
}

/// A device that has shown its key.
#[derive(Debug, Serialize, ToSchema)]
struct VerifiedResponse {
    /// True; every other verdict is an error.
    verified: bool,
    /// The device's id.
    device: String,
    /// Its level at the newest block.
    level: u8,
    /// The class of the work rate that it has shown and that still counts; absent if there is none.
    work_class: Option<u8>,
    /// When, in milliseconds since 1970.
    verified_at: u64,
}

/// Asks for a challenge for a device. It is good for five minutes and for one answer, whatever the answer is worth.
#[utoipa::path(post, path = "/api/v1/verifyid/challenges", tag = "verifyid", request_body = ChallengeRequest, responses(
    (status = 201, body = ChallengeResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 429, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
async fn challenge(
    State(api): State<Api>,
    Client(client): Client,
    ShortBody(request): ShortBody<ChallengeRequest>,
) -> Result<(StatusCode, Json<ChallengeResponse>), ApiError> {
    let office = api.office()?;
    let device = api.device_id(&request.device)?;
    if !(1..=AUDIENCE_BYTES_MAX).contains(&request.audience.len()) {
        let message = format!("the audience has {} bytes", request.audience.len());
        return Err(ApiError::bad("malformed", message, "name whom the answer is for in 1 to 256 bytes"));
    }
    office.admit(device, client).map_err(error_of)?;
    let chain = api.chain.clone();
    let key_id = api.reads.read(move || Ok(proof::key_of(&*chain, &device)?)).await?;
    let audience = Hash32(crypto::hash::sha256(request.audience.as_bytes()));
    let purpose = request.purpose.purpose();
    let given = office.give(&Wanted { device, key_id, audience, purpose, origin: Origin::Anybody });
    let response = ChallengeResponse {
        challenge: hex::encode(given.token),
        nonce: hex::encode(given.challenge.nonce),
        issued_at: given.challenge.issued.0,
        expires_at: given.challenge.expires.0,
        preimage: hex::encode(given.challenge.to_bytes(tags::CHALLENGE)),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

/// Hands in the answer to a challenge. Whatever is said of it, but 400, 503 and `wrong_instance`, uses the challenge up.
#[utoipa::path(post, path = "/api/v1/verifyid/challenges/answer", tag = "verifyid", request_body = AnswerRequest, responses(
    (status = 200, body = VerifiedResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 409, body = ErrorResponse),
    (status = 410, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
async fn answer(
    State(api): State<Api>,
    Client(client): Client,
    ShortBody(request): ShortBody<AnswerRequest>,
) -> Result<Json<VerifiedResponse>, ApiError> {
    let office = api.office()?;
    let token = hex::decode(&request.challenge).map_err(|_| error_of(Refused::Malformed))?;
    let signature = signature(&request.answer)?;
    let (sealed, preimage) = office.begin(&token).map_err(error_of)?;
    if api.chain.standing().is_behind {
        let hint = "the challenge stays good: try again in a few seconds";
        return Err(unavailable("behind", "this node is behind the chain and does not know how devices stand", hint));
    }
    let chain = api.chain.clone();
    let shown = api.reads.read(move || Ok(proof::shown(&*chain, &sealed, &preimage, &signature)?)).await?;
    let verified = office.finish(&sealed, &shown, client).await.map_err(|error| match error {
        NotVerified::Refused(refused) => error_of(refused),
        NotVerified::Unavailable(error) => error.into(),
        NotVerified::NotWritten => {
            let message = "the answer could not be written down, so nothing is said of it";
            unavailable("log_unavailable", message, "ask for another challenge, or ask another node")
        }
    })?;
    Ok(Json(VerifiedResponse {
        verified: true,
        device: sealed.device.to_text(api.chain.genesis().network),
        level: verified.level,
        work_class: shown.work_class,
        verified_at: verified.at.0,
    }))
}

/// A device as the chain has it, by its text or by its hexadecimal digits, with its level at the newest block.
#[utoipa::path(get, path = "/api/v1/verifyid/devices/{id}", tag = "verifyid",
    params(("id" = String, Path, description = "the device's id", format = "device")), responses(
    (status = 200, body = DeviceAnswer), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 503, body = ErrorResponse)))]
async fn device(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<DeviceAnswer>, ApiError> {
    let device = api.device_id(&id)?;
    let chain = api.chain.clone();
    let found = api.reads.read(move || Ok(proof::device(&*chain, &device)?)).await?;
    let missing = || ApiError::not_found("no device of this id is registered", "register it, or compare the id");
    found.map(Json).ok_or_else(missing)
}

impl Api {
    /// The office, or the sentence that says how to open one.
    fn office(&self) -> Result<&Office, ApiError> {
        self.office.as_deref().ok_or_else(|| {
            let hint = "its operator switches them on with `verifyid.enabled = true`";
            ApiError::not_found("this node gives out no challenges", hint)
        })
    }

    fn device_id(&self, text: &str) -> Result<DeviceId, ApiError> {
        let of = |error| format!("`{}`: {error}", shown(text));
        let hint = "copy the id again: its text, or 64 hexadecimal digits";
        DeviceId::parse(text, self.chain.genesis().network).map_err(|error| ApiError::bad("malformed", of(error), hint))
    }
}

fn signature(text: &str) -> Result<[u8; SIGNATURE_BYTES], ApiError> {
    let mut signature = [0; SIGNATURE_BYTES];
    hex::decode_to_slice(text, &mut signature).map_err(|_| {
        let message = format!("the answer has {} characters and is no signature", text.len());
        ApiError::bad("malformed", message, "write 128 hexadecimal digits: r and s, or R and S, 32 bytes each")
    })?;
    Ok(signature)
}

fn unavailable(code: &str, message: &str, hint: &str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message, hint)
}

/// Says why. The order of codes and their statuses are the facts' of this feature.
fn error_of(refused: Refused) -> ApiError {
    let (status, message, hint) = match refused {
        Refused::Malformed => (
            StatusCode::BAD_REQUEST,
            "this is no challenge",
            "hand in `challenge` as it was given, in hexadecimal digits; nothing is used up",
        ),
        Refused::BadAnswer => (
            StatusCode::UNAUTHORIZED,
            "the answer does not prove the device's key",
            "ask for another challenge, and sign exactly its preimage with the device's present key",
        ),
        Refused::Suspended => (
            StatusCode::FORBIDDEN,
            "the device is suspended",
            "its owner asks the authority; it answers again once it is reinstated, with the same key",
        ),
        Refused::Revoked => (StatusCode::FORBIDDEN, "the device is revoked for good", "register another device"),
        Refused::Held => (
            StatusCode::FORBIDDEN,
            "a verifier holds the device",
            "wait: a hold lasts a day at most; `GET /api/v1/verifyid/devices/{id}` tells until when",
        ),
        Refused::Used => (StatusCode::CONFLICT, "the challenge was answered before", "ask for another challenge"),
        Refused::WrongInstance => (
            StatusCode::CONFLICT,
            "another service gave this challenge",
            "hand it in where it was given, or ask here for another; nothing is used up",
        ),
        Refused::Expired => {
            (StatusCode::GONE, "the challenge is over", "ask for another, and answer within five minutes")
        }
        Refused::TooOften(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "this network has asked for as many challenges as it may in a minute",
            "wait as long as `retry-after` says; challenges that were given can be answered",
        ),
        Refused::Locked(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "five wrong answers for this device came from this network",
            "wait as long as `retry-after` says; challenges that were given can be answered",
        ),
        Refused::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many answers are remembered, so this one was not judged",
            "the challenge stays good: try again in a few seconds",
        ),
    };
    let error = ApiError::new(status, refused.code(), message, hint);
    match refused {
        Refused::TooOften(seconds) | Refused::Locked(seconds) => error.retry_after(seconds),
        _ => error,
    }
}
