//! The routes about tokens: the key set, and a token for a customer who signs a request.
//!
//! It must not know what a token says.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use service::chain::Unavailable;
use service::http::{ApiError, Client, ErrorResponse, address, shown};
use service::token::{Bearer, Jwks, TokenRefused};
use tokio::time::timeout;
use types::{Secp256k1Key, Secp256k1Signature, TimeMs};
use utoipa::ToSchema;

use super::errors::{error_of, no_token, not_taken_back, not_written};
use super::{Api, ShortBody};
use crate::token_office::SignedRequest;

/// Longest time that somebody waits for the disk to take a token back.
const WAIT: Duration = Duration::from_secs(2);

/// Asks for a customer's token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequestBody {
    /// The customer's account: an address of one key.
    account: String,
    /// Its compressed secp256k1 key: 66 hexadecimal digits.
    public_key: String,
    /// When it was signed, in milliseconds since 1970; within the last minute.
    issued_at: u64,
    /// r and s, 128 hexadecimal digits, s in the lower half: of SHA-256 of `thronos/vidtok` filled up with zeros to 16 bytes, the chain's id (32 bytes), the
    /// account (20), the `kid` of the first key of `/.well-known/jwks.json` (43 letters) and `issued_at` (8 bytes, little-endian).
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
    ShortBody(request): ShortBody<TokenRequestBody>,
) -> Result<(StatusCode, HeaderMap, Json<TokenResponse>), ApiError> {
    let tokens = api.tokens()?.clone();
    let office = api.office()?;
    let request = read(&api, &request)?;
    api.is_not_behind("ask another node, or try again in a few seconds")?;
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
    let wrong = |what: &str, text: &str, error| {
        let message = format!("the {what} `{}` is none: {error}", shown(text));
        ApiError::bad("malformed", message, "write hexadecimal digits: 66 for the key, 128 for the signature")
    };
    let key: Secp256k1Key =
        request.public_key.parse().map_err(|error: String| wrong("key", &request.public_key, error))?;
    let signature: Secp256k1Signature =
        request.signature.parse().map_err(|error: String| wrong("signature", &request.signature, error))?;
    Ok(SignedRequest { account, key, issued: TimeMs(request.issued_at), signature })
}
