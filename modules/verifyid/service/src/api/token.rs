//! The routes about tokens: the key set, and a token for a customer who signs a request.
//!
//! It must not know what a token says.

use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use languages::Said;
use serde::{Deserialize, Serialize};
use service::chain::Unavailable;
use service::http::{ApiError, Client, ErrorResponse, address, shown};
use service::token::{Bearer, Jwks, TokenRefused};
use tokio::time::timeout;
use types::{Auth, List, MultisigPolicy, PolicyError, PolicySignature, Secp256k1Key, TimeMs};
use utoipa::ToSchema;

use super::errors::{bad, error_of, no_token, not_taken_back, not_written};
use super::{Api, ShortBody, TEXTS};
use crate::token_office::SignedRequest;

/// Longest request for a token: sixteen keys with their signatures.
const REQUEST_BYTES_MAX: usize = 6_144;
/// Longest time that somebody waits for the disk to take a token back.
const WAIT: Duration = Duration::from_secs(2);

/// Asks for a customer's token: with `public_key` and `signature` for an account of one key, with `policy` and `signatures` for one of several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequestBody {
    /// The customer's account.
    account: String,
    /// Its compressed secp256k1 key: 66 hexadecimal digits.
    #[serde(default)]
    public_key: Option<String>,
    /// When it was signed, in milliseconds since 1970; within the last minute, of an account of several keys within the last hour.
    issued_at: u64,
    /// r and s, 128 hexadecimal digits, s in the lower half: of SHA-256 of `thronos/vidtok` filled up with zeros to 16 bytes, the chain's id (32 bytes), the
    /// account (20), the `kid` of the first key of `/.well-known/jwks.json` (43 letters) and `issued_at` (8 bytes, little-endian).
    #[serde(default)]
    signature: Option<String>,
    /// The account's policy.
    #[serde(default)]
    policy: Option<TokenPolicy>,
    /// As many as the policy's threshold, by rising place of their key, each of the same as `signature`.
    #[serde(default)]
    signatures: Option<Vec<TokenSignature>>,
}

/// Who signs for an account of several keys.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenPolicy {
    /// How many must sign.
    threshold: u8,
    /// 1 to 16 compressed secp256k1 keys, 66 hexadecimal digits each, rising.
    keys: Vec<String>,
}

/// One signature for an account of several keys.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenSignature {
    /// The key's place in the policy, from 0.
    key: u8,
    /// r and s, 128 hexadecimal digits.
    signature: String,
}

/// A customer's token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse {
    /// To be sent as `authorization: Bearer TOKEN`.
    token: String,
    /// When it ends, in milliseconds since 1970.
    expires_at: u64,
}

/// The public keys that tokens of this node are checked with, the one that signs first. Live ones only: what is not here is not taken.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "verifyid", responses(
    (status = 200, body = Jwks), (status = 404, body = ErrorResponse)))]
pub(super) async fn keys(State(api): State<Api>) -> Result<(HeaderMap, Json<Jwks>), ApiError> {
    let now_ms = api.office()?.now_ms();
    // A copy may be kept and is asked about each time: a key signs from the instant on in which it is made, and ends to the second.
    let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))]);
    Ok((headers, Json(api.tokens()?.jwks(now_ms))))
}

/// Gives a customer a token for a day: to an account with a plan, or with a device that counts on it, whose key signs the request.
#[utoipa::path(post, path = "/api/v1/verifyid/token", tag = "verifyid", request_body = TokenRequestBody, responses(
    (status = 201, body = TokenResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 402, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 429, body = ErrorResponse),
    (status = 503, body = ErrorResponse)))]
pub(super) async fn give(
    State(api): State<Api>,
    Client(client): Client,
    ShortBody(request): ShortBody<TokenRequestBody, REQUEST_BYTES_MAX>,
) -> Result<(StatusCode, HeaderMap, Json<TokenResponse>), ApiError> {
    let tokens = api.tokens()?.clone();
    let office = api.office()?;
    let request = read(&api, &request)?;
    api.is_not_behind("behind_ask")?;
    // Before the check of a signature, which is what it costs.
    office.ask_for_token(client).map_err(error_of)?;
    let (chain, now) = (api.chain.clone(), office.now());
    let given = api.reads.read(move || Ok(tokens.give_customer(&*chain, &request, &now)?)).await?.map_err(no_token)?;
    Ok((StatusCode::CREATED, unkept(), Json(TokenResponse { token: given.token, expires_at: given.expires_ms })))
}

/// Takes the token that is shown back: it is good for nothing from then on. One that was taken back before, or whose holder is no customer now, is taken back
/// too.
#[utoipa::path(delete, path = "/api/v1/verifyid/token", tag = "verifyid", responses(
    (status = 204), (status = 401, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn take_back(State(api): State<Api>, Bearer(token): Bearer) -> Result<StatusCode, ApiError> {
    let (tokens, now) = (api.tokens()?.clone(), api.office()?.now());
    let token = tokens.open_token(&token.ok_or(TokenRefused::Missing)?, now.wall_ms)?;
    // One at a time: a disk that takes its time leaves the other threads to other requests. Nobody closes the way to it.
    let turn = timeout(WAIT, tokens.turn().acquire_owned()).await.map_err(|_| Unavailable::Busy)?;
    let work = api.reads.read(move || {
        let taken_back = tokens.take_back(&token, &now)?;
        drop(turn);
        Ok(taken_back)
    });
    timeout(WAIT, work).await.map_err(|_| not_written())??.map_err(not_taken_back)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What carries a token is kept by nobody on its way (RFC 6749, 5.1).
pub(super) fn unkept() -> HeaderMap {
    HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}

fn read(api: &Api, request: &TokenRequestBody) -> Result<SignedRequest, ApiError> {
    let account = address(&request.account, api.chain.genesis().network)?;
    let auth = match (&request.public_key, &request.signature, &request.policy, &request.signatures) {
        (Some(key), Some(signature), None, None) => Auth::Single { key: digits(key)?, signature: digits(signature)? },
        (None, None, Some(policy), Some(signatures)) => several(policy, signatures)?,
        _ => {
            return Err(bad("malformed", TEXTS.said("token_unsigned")));
        }
    };
    Ok(SignedRequest { account, auth, issued: TimeMs(request.issued_at) })
}

fn several(policy: &TokenPolicy, signatures: &[TokenSignature]) -> Result<Auth, ApiError> {
    let wrong = |said: Said| bad("malformed", said);
    let keys: Vec<Secp256k1Key> = policy.keys.iter().map(|key| digits(key)).collect::<Result<_, _>>()?;
    let is_rising = keys.is_sorted_by(|left, right| left < right);
    let policy = MultisigPolicy::new(policy.threshold, keys).map_err(|error| wrong(said_of(&error)))?;
    let needed = usize::from(policy.threshold());
    if !is_rising || signatures.len() != needed {
        let said = TEXTS.said("policy_signatures").with("count", signatures.len()).with("needed", needed);
        return Err(wrong(said));
    }
    let read = |one: &TokenSignature| Ok(PolicySignature { key: one.key, signature: digits(&one.signature)? });
    let signatures: Vec<PolicySignature> = signatures.iter().map(read).collect::<Result<_, ApiError>>()?;
    let is_known = signatures.iter().all(|one| usize::from(one.key) < policy.keys().len());
    if !is_known || !signatures.is_sorted_by(|left, right| left.key < right.key) {
        return Err(wrong(TEXTS.said("policy_places")));
    }
    let signatures = List::new(signatures).map_err(|_| wrong(TEXTS.said("policy_more_signatures")))?;
    Ok(Auth::Multisig { policy, signatures })
}

/// Why a policy is none.
fn said_of(error: &PolicyError) -> Said {
    match error {
        PolicyError::KeyCount(keys) => TEXTS.said("policy_key_count").with("keys", *keys),
        PolicyError::Threshold { threshold, keys } => {
            TEXTS.said("policy_threshold").with("threshold", *threshold).with("keys", *keys)
        }
        PolicyError::Order => TEXTS.said("policy_order"),
    }
}

/// A key or a signature.
fn digits<T: FromStr<Err = String>>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error: String| {
        bad("malformed", TEXTS.said("no_digits").with("text", shown(text)).with("error", error))
    })
}
