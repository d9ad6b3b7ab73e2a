//! The routes of older devices: one that enrols a device by the word of its key, and one that takes what it answers by its secret.
//!
//! It must not know how a secret is made or kept. Invariants: a secret is told once, to whoever brought the key's word for it, after the challenge is used up
//! and the enrolment is on the disk; what a secret answers is never worth more than level 1, is in no batch, and gives no token.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use service::chain::Unavailable;
use service::http::{ApiError, Client, ErrorResponse};
use tokio::time::timeout;
use types::Hash32;
use utoipa::ToSchema;
use verifyid::{Purpose, tags};

use super::errors::{
    NotServed, bad, enrolment_not_written, enrolment_over, error_of, not_enrolled, too_many_enrolled, wrong_purpose,
};
use super::{AnswerRequest, Api, ShortBody, TEXTS, VerifiedResponse, is_for, signature, token};
use crate::enrolled::MAC_BYTES;
use crate::examiner::Refused;
use crate::office::NotVerified;
use crate::proof;

/// Longest time that somebody waits for the disk to take an enrolment.
const WAIT: Duration = Duration::from_secs(2);

/// Hands in what an older device answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MacAnswerRequest {
    /// The sealed challenge, as it was given.
    pub(super) challenge: String,
    /// HMAC-SHA-256 under the device's secret, 64 hexadecimal digits: of the preimage, whose first 16 bytes are `thronos/vidmac` and two zero bytes in the
    /// place of the tag that stands there.
    pub(super) mac: String,
}

/// A secret for an older device. It is told once and kept nowhere.
#[derive(Serialize, ToSchema)]
pub(super) struct HmacSecretResponse {
    /// The device's id.
    device: String,
    /// How often it was enrolled before; the secrets of then are good for nothing now.
    serial: u32,
    /// 32 bytes in hexadecimal digits.
    secret: String,
}

/// Enrols an older device, for the answer of its key to a challenge of the purpose `enrol`: gives it a secret, and ends the one that it had. It ends
/// with the device's key and with its owner.
#[utoipa::path(post, path = "/api/v1/verifyid/hmac/enrol", tag = "verifyid", request_body = AnswerRequest, responses(
    (status = 201, body = HmacSecretResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 409, body = ErrorResponse),
    (status = 410, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn enrol(
    State(api): State<Api>,
    Client(client): Client,
    ShortBody(request): ShortBody<AnswerRequest>,
) -> Result<(StatusCode, HeaderMap, Json<HmacSecretResponse>), NotServed> {
    let (office, enrolled) = (api.office()?, api.enrolled()?.clone());
    let sealed = hex::decode(&request.challenge).map_err(|_| error_of(Refused::Malformed))?;
    let signature = signature(&request.answer)?;
    let (sealed, preimage) = office.begin(&sealed).map_err(error_of)?;
    is_for(&sealed, &[Purpose::Enrol])?;
    // A TPM is enrolled by a challenge of this purpose too, for another audience: what a device signed for that gives no secret.
    if sealed.audience != Hash32(crypto::hash::sha256(api.hmac_audience().as_bytes())) {
        return Err(wrong_purpose("tpm_enrol", "wrong_purpose_tpm_enrol").into());
    }
    api.is_not_behind("behind_challenge")?;
    if !enrolled.has_room(&sealed.device) {
        return Err(too_many_enrolled().into());
    }
    let chain = api.chain.clone();
    // An enrolment is no verification: it counts on nobody's plan, and no batch has it.
    let of_answer = move || Ok(proof::shown(&*chain, &sealed, &preimage, &signature, None)?);
    let shown = api.reads.read(of_answer).await?;
    office.finish(&sealed, &shown, client).await.map_err(|why| NotServed::of(why, office.now_ms()))?;
    // The verdict is good only where its owner has accepted it.
    let owner = shown.owner.ok_or_else(|| error_of(Refused::NotAccepted))?;
    let turn = timeout(WAIT, enrolled.turn().acquire_owned()).await.map_err(|_| ApiError::from(Unavailable::Busy))?;
    let counts = office.counts().clone();
    let work = api.reads.read(move || {
        let given = enrolled.enrol(sealed.device, owner, shown.rotation);
        counts.enrolled(enrolled.len());
        drop(turn);
        Ok(given)
    });
    let given = timeout(WAIT, work).await.map_err(|_| enrolment_not_written())??.map_err(not_enrolled)?;
    let response = HmacSecretResponse {
        device: sealed.device.to_text(api.chain.genesis().network),
        serial: given.serial,
        secret: hex::encode(given.secret.as_slice()),
    };
    Ok((StatusCode::CREATED, token::unkept(), Json(response)))
}

/// Hands in what an older device answers by its secret to a challenge of the purpose `presence`. The verdict is for this service alone: its level is 1 at
/// most, and no batch has it. Whatever is said of it, but 400, `wrong_instance` and 503, uses the challenge up; of the 503 only `log_unavailable` does.
#[utoipa::path(post, path = "/api/v1/verifyid/hmac/answer", tag = "verifyid", request_body = MacAnswerRequest, responses(
    (status = 200, body = VerifiedResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 409, body = ErrorResponse),
    (status = 410, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn answer(
    State(api): State<Api>,
    Client(client): Client,
    ShortBody(request): ShortBody<MacAnswerRequest>,
) -> Result<(HeaderMap, Json<VerifiedResponse>), NotServed> {
    let (office, enrolled) = (api.office()?, api.enrolled()?.clone());
    let sealed = hex::decode(&request.challenge).map_err(|_| error_of(Refused::Malformed))?;
    let mac = mac(&request.mac)?;
    let (sealed, mut message) = office.begin(&sealed).map_err(error_of)?;
    is_for(&sealed, &[Purpose::Presence])?;
    api.is_not_behind("behind_challenge")?;
    let tag = tags::CHALLENGE_MAC.as_bytes();
    message.splice(..tag.len(), *tag);
    let chain = api.chain.clone();
    let of_answer = move || {
        let by_mac = enrolled.judge(&sealed.device, &message, &mac);
        Ok(proof::shown_by_mac(&*chain, &sealed, &mac, by_mac)?)
    };
    let by_mac = api.reads.read(of_answer).await?;
    let verified = match office.finish(&sealed, &by_mac.shown, client).await {
        Err(NotVerified::Refused(Refused::BadAnswer)) if by_mac.is_over => return Err(enrolment_over().into()),
        verdict => verdict.map_err(|why| NotServed::of(why, office.now_ms()))?,
    };
    Ok((token::unkept(), Json(api.verdict(&sealed, verified, by_mac.shown.work_class))))
}

fn mac(text: &str) -> Result<[u8; MAC_BYTES], ApiError> {
    let mut mac = [0; MAC_BYTES];
    hex::decode_to_slice(text, &mut mac)
        .map_err(|_| bad("malformed", TEXTS.said("no_mac").with("characters", text.len())))?;
    Ok(mac)
}
