//! The routes of this service: below `/api/v1/verifyid`, and the key set where everybody looks for it. Questions to the rules are routes by themselves
//! and not written here.
//!
//! All answer in the language of whoever asks; codes are the same in all. `token` has those about tokens, `tpm` those about TPMs, `hmac` those of older devices, `older_paths` the predecessor's, `verification` what proves one, `errors` what a refusal
//! is called. It must not know how a challenge is sealed or judged. Invariant: what cannot be read uses nothing up.

mod errors;
mod hmac;
mod older_paths;
mod token;
mod tpm;
mod verification;

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use execution::Module;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::chain::Chain;
use service::http::{ApiError, BodyMax, Class, Client, ErrorResponse, JsonBody, Path, Reads, Routes, oversize, shown};
use service::token::{Bearer, TokenTerms};
use service::{Ground, routes};
use types::{Address, Hash32, TimeMs};
use utoipa::ToSchema;
use verifyid::{DeviceAnswer, DeviceId, DeviceIdError, Purpose, SIGNATURE_BYTES, VerifyId, month_of, tags};

use crate::enrolled::Enrolled;
use crate::examiner::limits::AskedBy;
use crate::examiner::token::Sealed;
use crate::examiner::{Refused, Wanted};
use crate::office::{Office, Verified};
use crate::proof::{self, Challenged};
use crate::token_office::TokenOffice;
use crate::tpm::{TpmOffice, TpmRefused};
use errors::{NotServed, QuotaResponse, bad, error_of, no_hmac, no_tokens, not_found, unavailable, wrong_purpose};

languages::texts! {
    /// What is said on these routes.
    pub(crate) static TEXTS
}

/// Longest body of a request: a token, a signature, and what stands around them.
const BODY_BYTES_MAX: usize = 2_048;
/// Longest audience.
const AUDIENCE_BYTES_MAX: usize = 256;

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Api {
    chain: Arc<dyn Chain>,
    reads: Reads,
    /// Turns of those who look for a verification among all of 400 days: no verdict waits for them.
    searches: Reads,
    office: Option<Arc<Office>>,
    tokens: Option<Arc<TokenOffice>>,
    tpms: Option<Arc<TpmOffice>>,
    enrolled: Option<Arc<Enrolled>>,
}

/// What the settings have opened.
#[derive(Clone, Default)]
pub(crate) struct Opened {
    pub(crate) office: Option<Arc<Office>>,
    pub(crate) tokens: Option<Arc<TokenOffice>>,
    pub(crate) tpms: Option<Arc<TpmOffice>>,
    pub(crate) enrolled: Option<Arc<Enrolled>>,
}

/// All of them.
pub(crate) fn routes(ground: &Ground, opened: Opened) -> Routes {
    let Opened { office, tokens, tpms, enrolled } = opened;
    let (chain, reads, searches) = (ground.chain.clone(), ground.reads.clone(), Reads::new(1));
    let api = &Api { chain, reads, searches, office, tokens, tpms, enrolled };
    // None of them changes the chain, so a read-only node has them too.
    Routes::default()
        .own(Class::Read, api, routes!(challenge))
        .own(Class::Read, api, routes!(answer))
        .own(Class::Read, api, routes!(device))
        .own(Class::Read, api, routes!(verification::one))
        .own(Class::Read, api, routes!(tpm::enrol))
        .own(Class::Read, api, routes!(tpm::activate))
        .own(Class::Read, api, routes!(tpm::quote))
        .own(Class::Read, api, routes!(tpm::of_device))
        .own(Class::Read, api, routes!(token::give, token::take_back))
        .own(Class::Read, api, routes!(hmac::enrol))
        .own(Class::Read, api, routes!(hmac::answer))
        .foreign(Class::Look, api, routes!(token::keys))
        .foreign(Class::Look, api, routes!(older_paths::register))
        .foreign(Class::Read, api, routes!(older_paths::create))
        .foreign(Class::Read, api, routes!(older_paths::respond))
        .foreign(Class::Read, api, routes!(older_paths::check, older_paths::check_by_body))
        .foreign(Class::Read, api, routes!(older_paths::device))
        .in_languages()
}

/// A JSON body of so many bytes at most.
struct ShortBody<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(T);

impl<S: Send + Sync, T: DeserializeOwned, const BYTES_MAX: usize> FromRequest<S> for ShortBody<T, BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        bounded_body(request, state, (BYTES_MAX, "request_too_long")).await.map(Self)
    }
}

async fn bounded_body<S: Send + Sync, T: DeserializeOwned>(
    mut request: Request,
    state: &S,
    (bytes_max, too_long): (usize, &'static str),
) -> Result<T, ApiError> {
    request.extensions_mut().insert(BodyMax(bytes_max));
    // What comes without a length is bounded while it is read.
    DefaultBodyLimit::max(bytes_max).apply(&mut request);
    let read = JsonBody::from_request(request, state).await;
    let said = TEXTS.said(too_long).with("bytes", bytes_max);
    read.map(|JsonBody(body)| body).map_err(|error| match error == oversize(bytes_max) {
        true => ApiError::said(StatusCode::PAYLOAD_TOO_LARGE, "oversize", said),
        false => error,
    })
}

/// What a challenge can be asked for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PurposeName {
    /// To show that the device is there.
    Presence,
    /// To be given a token: the audience is `thr-device:` and the first eight digits of the chain's id.
    Login,
    /// To enrol a TPM, by the device's key: the audience is `thr-tpm-enrol:`, the first eight digits of the chain's id, `:`, and the 64 digits of
    /// SHA-256 of both public areas that are handed in (`TPM2B_PUBLIC`), the endorsement key's first.
    TpmEnrol,
    /// To have a TPM quote that was enrolled.
    Tpm,
    /// To be given a secret for an older device: the audience is `thr-hmac:` and the first eight digits of the chain's id.
    Enrol,
}

impl PurposeName {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Presence => Purpose::Presence,
            Self::Login => Purpose::Login,
            Self::TpmEnrol | Self::Enrol => Purpose::Enrol,
            Self::Tpm => Purpose::Tpm,
        }
    }

    /// That of a challenge; none is given for any other.
    const fn of(sealed: &Sealed) -> Self {
        match sealed.purpose {
            Purpose::Login => Self::Login,
            // A TPM's enrolment has no such verdict.
            Purpose::Enrol => Self::Enrol,
            Purpose::Tpm => Self::Tpm,
            Purpose::Presence | Purpose::Work => Self::Presence,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Login => "login",
            Self::Enrol => "enrol",
            Self::TpmEnrol => "tpm_enrol",
            Self::Tpm => "tpm",
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
    /// The 210 bytes that the device signs, after it has compared chain, device and audience in them. A TPM is given SHA-256 of the same bytes with
    /// `thronos/vidtpm`, filled up with zeros, as the first 16.
    preimage: String,
    /// The PCRs that a TPM quotes, of the bank of SHA-256, where the purpose is `tpm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pcrs: Option<Vec<u8>>,
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
    /// The challenge that was answered: 16 bytes, as they stand in its preimage.
    challenge_id: String,
    /// SHA-256 of whom the answer is for. Compare it with your own: an answer to somebody else's challenge is good too, but not for you.
    audience_sha256: String,
    /// What the answer is for.
    purpose: PurposeName,
    /// Its level at the newest block.
    level: u8,
    /// The class of the work rate that it has shown and that still counts; absent if there is none.
    work_class: Option<u8>,
    /// When, in milliseconds since 1970.
    verified_at: u64,
    /// The device's token, of kind `thr-device+jwt`, where the purpose is `login`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// When the token ends, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_expires_at: Option<u64>,
}

/// Asks for a challenge for a device. It is good for five minutes and for one answer, whatever the answer is worth. The token of the device's customer, as
/// `authorization: Bearer TOKEN`, has bounds of its own.
#[utoipa::path(post, path = "/api/v1/verifyid/challenges", tag = "verifyid", request_body = ChallengeRequest, responses(
    (status = 201, body = ChallengeResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 402, body = QuotaResponse), (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 429, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
async fn challenge(
    State(api): State<Api>,
    Client(client): Client,
    Bearer(token): Bearer,
    ShortBody(request): ShortBody<ChallengeRequest>,
) -> Result<(StatusCode, Json<ChallengeResponse>), NotServed> {
    let office = api.office()?;
    let device = api.device_id(&request.device)?;
    api.is_audience(&request, &device)?;
    // It would not know of a key that is changed, and the device would be blamed for it.
    api.is_not_behind("behind_ask")?;
    let by = match token {
        Some(token) => AskedBy::Customer(api.customer(token).await?),
        None => AskedBy::Anybody(client),
    };
    office.may_ask(device, by).map_err(error_of)?;
    let (chain, ledger) = (api.chain.clone(), office.ledger().cloned());
    let of_device = move || Ok(proof::challenged(&*chain, &device, ledger.as_deref())?);
    let Challenged { key_id, customer, billed } = api.reads.read(of_device).await?;
    // A token is good for the devices that are on its account's plan: for others', whose answers count on another's, its owner is anybody.
    let by = match by {
        AskedBy::Customer(account) if customer != Some(account) => {
            let anybody = AskedBy::Anybody(client);
            office.may_ask(device, anybody).map_err(error_of)?;
            anybody
        }
        by => by,
    };
    // An enrolment is no verification.
    let billed = billed.filter(|_| request.purpose.purpose() != Purpose::Enrol);
    if let Some((ledger, billed)) = office.ledger().zip(billed) {
        let now = TimeMs(office.now_ms());
        if billed.is_clock_behind(now) {
            return Err(errors::clock_behind().into());
        }
        billed.has_room(ledger.tab(), month_of(now)).map_err(|used_up| NotServed::quota(used_up, now.0))?;
    }
    let audience = Hash32(crypto::hash::sha256(request.audience.as_bytes()));
    let purpose = request.purpose.purpose();
    let given = office.give(&Wanted { device, key_id, audience, purpose, by });
    let response = ChallengeResponse {
        challenge: hex::encode(given.token),
        nonce: hex::encode(given.challenge.nonce),
        issued_at: given.challenge.issued.0,
        expires_at: given.challenge.expires.0,
        preimage: hex::encode(given.challenge.to_bytes(tags::CHALLENGE)),
        pcrs: api.tpms.as_ref().filter(|_| purpose == Purpose::Tpm).map(|tpms| tpms.pcrs().to_vec()),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

/// Hands in the answer to a challenge. Whatever is said of it, but 400, 402, 429, `wrong_instance` and 503, uses the challenge up; of the 503 only
/// `log_unavailable` does.
#[utoipa::path(post, path = "/api/v1/verifyid/challenges/answer", tag = "verifyid", request_body = AnswerRequest, responses(
    (status = 200, body = VerifiedResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 402, body = QuotaResponse), (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 410, body = ErrorResponse), (status = 429, body = QuotaResponse),
    (status = 503, body = ErrorResponse)))]
async fn answer(
    State(api): State<Api>,
    Client(client): Client,
    ShortBody(request): ShortBody<AnswerRequest>,
) -> Result<(HeaderMap, Json<VerifiedResponse>), NotServed> {
    let office = api.office()?;
    let token = hex::decode(&request.challenge).map_err(|_| error_of(Refused::Malformed))?;
    let signature = signature(&request.answer)?;
    let (sealed, preimage) = office.begin(&token).map_err(error_of)?;
    is_for(&sealed, &[Purpose::Presence, Purpose::Login])?;
    api.is_not_behind("behind_challenge")?;
    let (chain, ledger) = (api.chain.clone(), office.ledger().cloned());
    // Which devices are given tokens was decided when the challenge was asked for, by purpose and audience.
    let tokens = api.tokens.clone().filter(|_| sealed.purpose == Purpose::Login);
    let (renewing, now) = (tokens.clone(), office.now());
    let of_answer = move || {
        // A key is written down here, where no other request waits for the disk.
        if let Some(tokens) = renewing {
            tokens.renew(&now);
        }
        Ok(proof::shown(&*chain, &sealed, &preimage, &signature, ledger.as_deref())?)
    };
    let shown = api.reads.read(of_answer).await?;
    let verified = office.finish(&sealed, &shown, client).await.map_err(|why| NotServed::of(why, office.now_ms()))?;
    let given = tokens.and_then(|tokens| tokens.give_device(&sealed, verified.level, &shown, verified.at.0));
    let verdict = VerifiedResponse {
        token_expires_at: given.as_ref().map(|given| given.expires_ms),
        token: given.map(|given| given.token),
        ..api.verdict(&sealed, verified, shown.work_class)
    };
    Ok((token::unkept(), Json(verdict)))
}

/// A device as the chain has it, by its text or by its hexadecimal digits, with its level at the newest block.
#[utoipa::path(get, path = "/api/v1/verifyid/devices/{id}", tag = "verifyid",
    params(("id" = String, Path, description = "the device's id", format = "device")), responses(
    (status = 200, body = DeviceAnswer), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
    (status = 503, body = ErrorResponse)))]
async fn device(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let device = api.device_id(&id)?;
    let chain = api.chain.clone();
    let found = api.reads.read(move || Ok(proof::device(&*chain, &device)?)).await?;
    let mut answer =
        serde_json::to_value(found.ok_or_else(|| not_found("no_device"))?).expect("an answer has a JSON form");
    // As this chain's network writes them, and not as the rules do, which know none.
    execution::write_addresses(&mut answer, VerifyId::ACCOUNTS, api.chain.genesis().network);
    Ok(Json(answer))
}

impl Api {
    /// The office, or the sentence that says how to open one.
    fn office(&self) -> Result<&Office, ApiError> {
        self.office.as_deref().ok_or_else(|| not_found("no_challenges"))
    }

    fn tokens(&self) -> Result<&Arc<TokenOffice>, ApiError> {
        self.office()?;
        self.tokens.as_ref().ok_or_else(no_tokens)
    }

    fn tpms(&self) -> Result<&Arc<TpmOffice>, ApiError> {
        self.office()?;
        self.tpms.as_ref().ok_or_else(tpm::no_tpms)
    }

    fn enrolled(&self) -> Result<&Arc<Enrolled>, ApiError> {
        self.office()?;
        self.enrolled.as_ref().ok_or_else(no_hmac)
    }

    /// Whom a challenge must be for, so that an older device is given a secret.
    fn hmac_audience(&self) -> String {
        TokenTerms::audience("thr-hmac", self.chain.id())
    }

    /// What the device signs names the keys that are to be enrolled.
    fn is_enrol_audience(&self, audience: &str) -> Result<(), ApiError> {
        if self.tpms()?.is_enrol_audience(audience) {
            return Ok(());
        }
        Err(bad("wrong_audience", TEXTS.said("wrong_enrol_audience").with("audience", shown(audience))))
    }

    /// What is said of a device that is verified.
    fn verdict(&self, sealed: &Sealed, verified: Verified, work_class: Option<u8>) -> VerifiedResponse {
        VerifiedResponse {
            verified: true,
            device: sealed.device.to_text(self.chain.genesis().network),
            challenge_id: hex::encode(sealed.id),
            audience_sha256: sealed.audience.to_string(),
            purpose: PurposeName::of(sealed),
            level: verified.level,
            work_class,
            verified_at: verified.at.0,
            token: None,
            token_expires_at: None,
        }
    }

    /// The customer who shows this token.
    async fn customer(&self, token: String) -> Result<Address, ApiError> {
        let (tokens, chain, now_ms) = (self.tokens()?.clone(), self.chain.clone(), self.office()?.now_ms());
        // Before a turn of the store is taken, which whoever has no token needs not.
        let token = tokens.open_token(&token, now_ms)?;
        self.reads.read(move || Ok(tokens.customer(&*chain, token, now_ms)??)).await
    }

    fn is_not_behind(&self, key: &'static str) -> Result<(), ApiError> {
        if self.chain.standing().is_behind { Err(unavailable("behind", TEXTS.said(key))) } else { Ok(()) }
    }

    /// Whether a challenge may be for this audience.
    fn is_audience(&self, request: &ChallengeRequest, device: &DeviceId) -> Result<(), ApiError> {
        let bytes = request.audience.len();
        if !(1..=AUDIENCE_BYTES_MAX).contains(&bytes) {
            return Err(bad("malformed", TEXTS.said("audience_length").with("bytes", bytes)));
        }
        // What the device signs is whom its token or its secret is for.
        let own = match request.purpose {
            PurposeName::Presence => return Ok(()),
            PurposeName::Login => self.tokens()?.device_audience().to_owned(),
            PurposeName::Enrol => {
                self.enrolled()?;
                self.hmac_audience()
            }
            PurposeName::TpmEnrol => return self.is_enrol_audience(&request.audience),
            PurposeName::Tpm => {
                return match self.tpms()?.of_device(device) {
                    Some(_) => Ok(()),
                    None => Err(tpm::refused(TpmRefused::NotEnrolled)),
                };
            }
        };
        if request.audience == own {
            return Ok(());
        }
        let said = TEXTS.said("wrong_audience").with("purpose", request.purpose.name()).with("own", own);
        Err(bad("wrong_audience", said.with("audience", shown(&request.audience))))
    }

    fn device_id(&self, text: &str) -> Result<DeviceId, ApiError> {
        device_id(&*self.chain, text)
    }
}

/// The device that a text names on this chain's network.
pub(crate) fn device_id(chain: &dyn Chain, text: &str) -> Result<DeviceId, ApiError> {
    DeviceId::parse(text, chain.genesis().network).map_err(|error| {
        let said = match error {
            DeviceIdError::OtherNetwork { expected } => {
                TEXTS.said("device_of_other_network").with("expected", expected)
            }
            DeviceIdError::Checksum => TEXTS.said("device_typo"),
            DeviceIdError::Malformed { expected } => TEXTS.said("device_malformed").with("expected", expected),
        };
        bad("malformed", said.with("text", shown(text)))
    })
}

/// Whether a challenge was asked for with one of these purposes; nothing is used up.
fn is_for(sealed: &Sealed, purposes: &[Purpose]) -> Result<(), ApiError> {
    if purposes.contains(&sealed.purpose) {
        return Ok(());
    }
    let key = match sealed.purpose {
        Purpose::Enrol => "wrong_purpose_enrol",
        Purpose::Tpm => "wrong_purpose_tpm",
        Purpose::Presence => "wrong_purpose_presence",
        _ => "wrong_purpose_login",
    };
    Err(wrong_purpose(PurposeName::of(sealed).name(), key))
}

fn signature(text: &str) -> Result<[u8; SIGNATURE_BYTES], ApiError> {
    let mut signature = [0; SIGNATURE_BYTES];
    hex::decode_to_slice(text, &mut signature)
        .map_err(|_| bad("malformed", TEXTS.said("no_signature").with("characters", text.len())))?;
    Ok(signature)
}
