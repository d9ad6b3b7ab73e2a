//! The routes about TPMs: a device enrols one in two steps, has it quote, and whoever asks is told how it stands.
//!
//! It must not know what a quote says. Invariants: nothing is asked of a device's TPM before its key has signed for it; what is told of a TPM is on the disk.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use service::chain::Unavailable;
use service::http::{ApiError, Client, ErrorResponse, Path, told};
use tokio::time::timeout;
use types::{Hash32, TimeMs};
use utoipa::ToSchema;
use verifyid::{DeviceId, Purpose};
use verifyid_tpm::{ATTEST_BYTES_MAX, CERTIFICATE_BYTES_MAX, CHAIN_LENGTH_MAX, PUBLIC_AREA_BYTES_MAX};

use super::errors::{NotServed, QuotaResponse, bad, error_of, not_found, unavailable};
use super::{Api, TEXTS, bounded_body, is_for, signature};
use crate::examiner::token::Sealed;
use crate::examiner::{GivenCredential, Refused};
use crate::ledger::record::Method;
use crate::office::{NotVerified, Office};
use crate::proof;
use crate::tpm::keys::TpmKeys;
use crate::tpm::{HandedQuote, NotEnrolled, TpmOffice, TpmRefused};

/// Longest time that somebody waits for the disk.
const WAIT: Duration = Duration::from_secs(2);
/// Longest body: keys, and certificates as digits.
const BODY_BYTES_MAX: usize = 4_096 + 2 * CHAIN_LENGTH_MAX * CERTIFICATE_BYTES_MAX;
/// A signature by RSA, and what stands before it.
const SIGNATURE_BYTES_MAX: usize = 262;
/// Every PCR.
const PCRS_MAX: usize = 24;

/// A JSON body with keys, certificates or quotes.
pub(super) struct LongBody<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for LongBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        bounded_body(request, state, (BODY_BYTES_MAX, "tpm_request_too_long")).await.map(Self)
    }
}

/// Enrols a TPM: the first of two steps. Bytes are hexadecimal digits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TpmEnrolRequest {
    /// The sealed challenge, as it was given for the purpose `tpm_enrol` and for these keys.
    challenge: String,
    /// The device's signature over its preimage: 128 digits.
    answer: String,
    /// Public area (`TPM2B_PUBLIC`) of the endorsement key, RSA of 2,048 bits, as `tpm2_createek -u` writes it.
    endorsement_key: String,
    /// Public area of an attestation key below it, P-256 or RSA of 2,048 bits with SHA-256, as `tpm2_createak -u` writes it.
    attestation_key: String,
    /// Certificates in DER, 1 to 4: the endorsement key's own, then those between it and a root of this node, each issued by the next.
    certificates: Vec<String>,
}

/// What the TPM opens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TpmCredentialResponse {
    /// The sealed enrolment, to be handed in with the secret.
    enrolment: String,
    /// The file that `tpm2_activatecredential --credential-blob` takes, as hexadecimal digits. In it are 32 bytes for this TPM and this key.
    credential: String,
    /// The secret is taken until before then, in milliseconds since 1970.
    expires_at: u64,
}

/// Enrols a TPM: the second step. Bytes are hexadecimal digits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TpmActivateRequest {
    /// The sealed enrolment, as it was given.
    enrolment: String,
    /// The 32 bytes that the TPM has opened.
    secret: String,
    /// The same as in the first step.
    endorsement_key: String,
    /// The same as in the first step.
    attestation_key: String,
}

/// A TPM that is a device's.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TpmEnrolledResponse {
    /// The device's id.
    device: String,
    /// When, in milliseconds since 1970.
    enrolled_at: u64,
    /// What to do next.
    next: String,
}

/// Hands in a quote. Bytes are hexadecimal digits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TpmQuoteRequest {
    /// The sealed challenge, as it was given for the purpose `tpm`.
    challenge: String,
    /// What was signed (`TPMS_ATTEST`), as `tpm2_quote --message` writes it: 256 bytes at most.
    quote: String,
    /// The signature (`TPMT_SIGNATURE`), as `tpm2_quote --signature` writes it.
    signature: String,
    /// Values of the PCRs that the challenge names, in the order of their numbers: 64 digits each.
    pcrs: Vec<String>,
}

/// A device whose TPM has quoted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TpmQuoteResponse {
    /// True; every other verdict is an error.
    verified: bool,
    /// The device's id.
    device: String,
    /// The challenge that was answered: 16 bytes.
    challenge_id: String,
    /// SHA-256 of whom the answer is for.
    audience_sha256: String,
    /// Its level at the newest block. A quote changes none: the authority sets it.
    level: u8,
    /// When, in milliseconds since 1970.
    verified_at: u64,
    /// What the authority can look at, as hexadecimal digits: `thr-tpm-evidence`, the 210 bytes whose SHA-256 the TPM was given, and public area, quote and
    /// signature, each with its length in front (two bytes, little-endian).
    evidence: String,
    /// SHA-256 of these bytes, as it comes on the chain.
    evidence_sha256: String,
    /// How the authority sets level 3 by it.
    level_command: String,
}

/// What this node has of a device's TPM. It tells nothing by which the TPM could be recognised elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TpmDeviceResponse {
    /// The device's id.
    device: String,
    /// When its TPM was enrolled, in milliseconds since 1970.
    enrolled_at: u64,
    /// Whether the device has the key still by which it enrolled the TPM; if not, it has to enrol it again.
    is_key_present: bool,
    /// When it last quoted; absent if it has not.
    quoted_at: Option<u64>,
    /// SHA-256 of the evidence of its last quote.
    evidence_sha256: Option<String>,
    /// How the authority sets level 3 by its last quote.
    level_command: Option<String>,
}

/// Takes the keys of a device's TPM, and answers with what that TPM alone opens. The device has signed a challenge for these very keys; the challenge is used up by whatever is
/// well-formed.
#[utoipa::path(post, path = "/api/v1/verifyid/tpm/enrolments", tag = "verifyid", request_body = TpmEnrolRequest, responses(
    (status = 201, body = TpmCredentialResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 409, body = ErrorResponse),
    (status = 410, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn enrol(
    State(api): State<Api>,
    Client(client): Client,
    LongBody(request): LongBody<TpmEnrolRequest>,
) -> Result<(StatusCode, Json<TpmCredentialResponse>), NotServed> {
    let (office, tpms) = (api.office()?, api.tpms()?.clone());
    let keys = keys_of(&request.endorsement_key, &request.attestation_key)?;
    let certificates = certificates_of(&request.certificates)?;
    let signature = signature(&request.answer)?;
    let (sealed, preimage) = begin(office, &request.challenge, Purpose::Enrol)?;
    api.is_not_behind("behind_challenge")?;
    let is_for_keys = sealed.audience == Hash32(crypto::hash::sha256(tpms.enrol_audience(&keys).as_bytes()));
    let (chain, at, judging, handed) = (api.chain.clone(), TimeMs(office.now_ms()), tpms.clone(), keys.clone());
    let of_answer = move || {
        let mut shown = proof::shown(&*chain, &sealed, &preimage, &signature, None)?;
        shown.is_signed &= is_for_keys;
        // Certificates cost more than a signature, so they come after it.
        let judged = match shown.is_signed {
            true => Some(judging.judge_keys(&*chain, &sealed.device, (&handed, &certificates), at)?),
            false => None,
        };
        Ok((shown, judged))
    };
    let (shown, judged) = api.reads.read(of_answer).await?;
    office.finish(&sealed, &shown, client).await.map_err(|why| NotServed::of(why, office.now_ms()))?;
    let given = match judged {
        Some(Ok(())) => office.give_credential(&sealed, TpmOffice::credential_audience(&keys)),
        Some(Err(why)) => return Err(not_enrolled(office, &sealed, why).into()),
        None => return Err(error_of(Refused::BadAnswer).into()),
    };
    let answer = credential(&api, tpms, keys, given).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn credential(
    api: &Api,
    tpms: Arc<TpmOffice>,
    keys: TpmKeys,
    given: GivenCredential,
) -> Result<TpmCredentialResponse, ApiError> {
    api.reads
        .read(move || {
            let credential = tpms.credential(&keys, &given).map_err(refused)?;
            Ok(TpmCredentialResponse {
                enrolment: hex::encode(given.token),
                credential: hex::encode(credential.to_file()),
                expires_at: given.expires.0,
            })
        })
        .await
}

/// Takes the secret that the TPM has opened, once and within five minutes: the TPM is the device's from then on.
#[utoipa::path(post, path = "/api/v1/verifyid/tpm/activations", tag = "verifyid", request_body = TpmActivateRequest, responses(
    (status = 200, body = TpmEnrolledResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 409, body = ErrorResponse),
    (status = 410, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn activate(
    State(api): State<Api>,
    Client(client): Client,
    LongBody(request): LongBody<TpmActivateRequest>,
) -> Result<Response, NotServed> {
    let (office, tpms) = (api.office()?, api.tpms()?.clone());
    let keys = keys_of(&request.endorsement_key, &request.attestation_key)?;
    let secret = bytes_of("secret", &request.secret, 32)?;
    let (sealed, _) = begin(office, &request.enrolment, Purpose::Enrol)?;
    api.is_not_behind("behind_enrolment")?;
    let is_right = sealed.audience == TpmOffice::credential_audience(&keys) && office.is_secret_of(&sealed, &secret);
    let (chain, of_secret) = (api.chain.clone(), (Method::Tpm, Hash32(crypto::hash::sha256(&secret))));
    let of_answer = move || Ok(proof::shown_by(&*chain, &sealed, None, of_secret, |_| is_right)?);
    let shown = api.reads.read(of_answer).await?;
    let verified = office.finish(&sealed, &shown, client).await.map_err(|why| match why {
        NotVerified::Refused(Refused::BadAnswer) => wrong_secret().into(),
        why => NotServed::of(why, office.now_ms()),
    })?;
    let (chain, turn) = (api.chain.clone(), turn(&tpms).await?);
    let work = api.reads.read(move || {
        let kept = tpms.enrol(&*chain, (sealed.device, sealed.key_id), &keys, verified.at)?;
        drop(turn);
        Ok(kept)
    });
    let kept = timeout(WAIT, work).await.map_err(|_| not_written())??;
    kept.map_err(|why| match why {
        NotEnrolled::Refused(why) => not_enrolled(office, &sealed, why),
        NotEnrolled::NotWritten(error) => disk(&error),
    })?;
    office.counts().tpm_enrolled(Ok(()));
    let (device, enrolled_at) = (sealed.device.to_text(api.chain.genesis().network), verified.at.0);
    let of = move |language| {
        let next = TEXTS.said("tpm_next").in_language(language);
        TpmEnrolledResponse { device: device.clone(), enrolled_at, next }
    };
    Ok(told(StatusCode::OK, of))
}

/// Takes a quote of a TPM that was enrolled. It is kept, and nothing on the chain changes by it: the authority sets the level, by the command that is named. A quote that is not good changes nothing
/// but that its challenge is used up.
#[utoipa::path(post, path = "/api/v1/verifyid/tpm/quotes", tag = "verifyid", request_body = TpmQuoteRequest, responses(
    (status = 200, body = TpmQuoteResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 402, body = QuotaResponse), (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 410, body = ErrorResponse), (status = 429, body = QuotaResponse),
    (status = 503, body = ErrorResponse)))]
pub(super) async fn quote(
    State(api): State<Api>,
    Client(client): Client,
    LongBody(request): LongBody<TpmQuoteRequest>,
) -> Result<Json<TpmQuoteResponse>, NotServed> {
    let (office, tpms) = (api.office()?, api.tpms()?.clone());
    let handed = quote_of(&request)?;
    let (sealed, preimage) = begin(office, &request.challenge, Purpose::Tpm)?;
    api.is_not_behind("behind_challenge")?;
    let (chain, ledger) = (api.chain.clone(), office.ledger().cloned());
    let (judging, at) = (tpms.clone(), TimeMs(office.now_ms()));
    let of_answer = move || {
        let answer = Hash32(crypto::hash::sha256(&[handed.message.as_slice(), &handed.signature].concat()));
        let judged = judging.judge_quote((&sealed.device, &sealed.key_id), &preimage, &handed, at);
        let is_good = judged.is_ok();
        let shown = proof::shown_by(&*chain, &sealed, ledger.as_deref(), (Method::Tpm, answer), |_| is_good)?;
        Ok((shown, judged))
    };
    let (shown, judged) = api.reads.read(of_answer).await?;
    let verified = office.finish(&sealed, &shown, client).await.map_err(|why| match (why, &judged) {
        (NotVerified::Refused(Refused::BadAnswer), Err(why)) => {
            office.counts().tpm_quoted(Err(why.code()));
            refused(*why).into()
        }
        (why, _) => NotServed::of(why, office.now_ms()),
    })?;
    let good = judged.map_err(refused)?;
    let (keeping, kept_quote, turn) = (tpms.clone(), good.clone(), turn(&tpms).await?);
    let work = api.reads.read(move || {
        let kept = keeping.keep(sealed.device, &kept_quote);
        drop(turn);
        Ok(kept)
    });
    timeout(WAIT, work).await.map_err(|_| not_written())??.map_err(|why| match why {
        NotEnrolled::Refused(why) => refused(why),
        NotEnrolled::NotWritten(error) => disk(&error),
    })?;
    office.counts().tpm_quoted(Ok(()));
    let device = sealed.device.to_text(api.chain.genesis().network);
    Ok(Json(TpmQuoteResponse {
        verified: true,
        challenge_id: hex::encode(sealed.id),
        audience_sha256: sealed.audience.to_string(),
        level: verified.level,
        verified_at: verified.at.0,
        evidence_sha256: good.digest().to_string(),
        level_command: level_command(&device, good.digest()),
        evidence: hex::encode(good.evidence),
        device,
    }))
}

/// What this node has of a device's TPM, and how the authority sets a level by its last quote.
#[utoipa::path(get, path = "/api/v1/verifyid/tpm/devices/{id}", tag = "verifyid",
    params(("id" = String, Path, description = "the device's id", format = "device")), responses(
    (status = 200, body = TpmDeviceResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 503, body = ErrorResponse)))]
pub(super) async fn of_device(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<TpmDeviceResponse>, ApiError> {
    let id: DeviceId = api.device_id(&id)?;
    let found = api.tpms()?.of_device(&id).ok_or_else(|| not_found("tpm_not_enrolled"))?;
    let chain = api.chain.clone();
    let on_chain = api.reads.read(move || Ok(proof::device(&*chain, &id)?)).await?;
    let is_key_present = on_chain.is_some_and(|device| device.key_id == found.key_id);
    let device = id.to_text(api.chain.genesis().network);
    let evidence = found.quoted.map(|quoted| quoted.evidence);
    Ok(Json(TpmDeviceResponse {
        enrolled_at: found.at.0,
        is_key_present,
        quoted_at: found.quoted.map(|quoted| quoted.at.0),
        evidence_sha256: evidence.map(|evidence| evidence.to_string()),
        level_command: evidence.filter(|_| is_key_present).map(|evidence| level_command(&device, evidence)),
        device,
    }))
}

fn level_command(device: &str, evidence: Hash32) -> String {
    format!("thronos verifier level {device} --level 3 --evidence {evidence} --from AUTHORITY")
}

fn begin(office: &Office, token: &str, purpose: Purpose) -> Result<(Sealed, Vec<u8>), ApiError> {
    let token = hex::decode(token).map_err(|_| error_of(Refused::Malformed))?;
    let (sealed, preimage) = office.begin(&token).map_err(error_of)?;
    is_for(&sealed, &[purpose])?;
    Ok((sealed, preimage))
}

async fn turn(tpms: &TpmOffice) -> Result<tokio::sync::OwnedSemaphorePermit, ApiError> {
    // Nobody closes the way to it.
    Ok(timeout(WAIT, tpms.turn().acquire_owned()).await.map_err(|_| Unavailable::Busy)?.expect("it is never closed"))
}

fn keys_of(endorsement: &str, attestation: &str) -> Result<TpmKeys, ApiError> {
    Ok(TpmKeys {
        endorsement: bytes_of("endorsement_key", endorsement, PUBLIC_AREA_BYTES_MAX)?,
        attestation: bytes_of("attestation_key", attestation, PUBLIC_AREA_BYTES_MAX)?,
    })
}

fn certificates_of(texts: &[String]) -> Result<Vec<Vec<u8>>, ApiError> {
    if !(1..=CHAIN_LENGTH_MAX).contains(&texts.len()) {
        return Err(bad("malformed", TEXTS.said("tpm_certificates").with("count", texts.len())));
    }
    texts.iter().map(|text| bytes_of("certificates", text, CERTIFICATE_BYTES_MAX)).collect()
}

fn quote_of(request: &TpmQuoteRequest) -> Result<HandedQuote, ApiError> {
    if request.pcrs.len() > PCRS_MAX {
        return Err(bad("malformed", TEXTS.said("tpm_pcr_values").with("count", request.pcrs.len())));
    }
    let value = |text: &String| {
        let bytes = bytes_of("pcrs", text, 32)?;
        <[u8; 32]>::try_from(bytes)
            .map_err(|bytes| bad("malformed", TEXTS.said("tpm_pcr_bytes").with("bytes", bytes.len())))
    };
    Ok(HandedQuote {
        message: bytes_of("quote", &request.quote, ATTEST_BYTES_MAX)?,
        signature: bytes_of("signature", &request.signature, SIGNATURE_BYTES_MAX)?,
        pcrs: request.pcrs.iter().map(value).collect::<Result<_, _>>()?,
    })
}

fn bytes_of(what: &str, digits: &str, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    let wrong = |key| TEXTS.said(key).with("what", what).with("bytes", bytes_max);
    if digits.len() > 2 * bytes_max {
        return Err(bad("malformed", wrong("tpm_bytes_long").with("characters", digits.len())));
    }
    hex::decode(digits).map_err(|error| bad("malformed", wrong("tpm_bytes_digits").with("error", error.to_string())))
}

/// This node enrols no TPMs.
pub(super) fn no_tpms() -> ApiError {
    not_found("no_tpms")
}

/// Says why.
pub(super) fn refused(why: TpmRefused) -> ApiError {
    let status = match why {
        TpmRefused::Quote(_) | TpmRefused::PcrCount => StatusCode::UNAUTHORIZED,
        TpmRefused::EndorsementKey(_)
        | TpmRefused::EndorsementKind
        | TpmRefused::AttestationKey(_)
        | TpmRefused::Chain(_)
        | TpmRefused::PcrValue(_) => StatusCode::FORBIDDEN,
        TpmRefused::OtherDevice | TpmRefused::KeyChanged | TpmRefused::NotEnrolled | TpmRefused::Meanwhile => {
            StatusCode::CONFLICT
        }
        TpmRefused::Full | TpmRefused::Credential(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let (message, hint) = why.said();
    ApiError::new(status, why.code(), message, hint)
}

fn not_enrolled(office: &Office, sealed: &Sealed, why: TpmRefused) -> ApiError {
    office.counts().tpm_enrolled(Err(why.code()));
    if why == TpmRefused::OtherDevice {
        tracing::warn!(device = %sealed.device.0, "a device wants to enrol a TPM that is another device's");
    }
    refused(why)
}

fn wrong_secret() -> ApiError {
    ApiError::said(StatusCode::UNAUTHORIZED, "bad_secret", TEXTS.said("bad_secret"))
}

fn disk(error: &service::log::LogError) -> ApiError {
    tracing::error!(%error, "what a TPM has shown could not be written down");
    not_written()
}

fn not_written() -> ApiError {
    unavailable("log_unavailable", TEXTS.said("tpm_not_written"))
}
