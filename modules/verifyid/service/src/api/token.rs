//! The routes about tokens: the key set, and a token for a customer who signs a request.
//!
//! It must not know what a token says.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use service::http::{ApiError, Client, ErrorResponse, address, shown};
use service::token::{Bearer, Jwks, TokenRefused};
use types::{Secp256k1Key, Secp256k1Signature, TimeMs};
use utoipa::ToSchema;

use super::errors::{error_of, no_token, not_taken_back};
use super::{Api, ShortBody};
use crate::token_office::SignedRequest;

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
pub(super) async fn keys(State(api): State<Api>) -> Result<Json<Jwks>, ApiError> {
    let now_ms = api.office()?.now_ms();
    Ok(Json(api.tokens()?.jwks(now_ms)))
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
    let (chain, now_ms) = (api.chain.clone(), office.now_ms());
    let given =
        api.reads.read(move || Ok(tokens.give_customer(&*chain, &request, now_ms)?)).await?.map_err(no_token)?;
    let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]);
    Ok((StatusCode::CREATED, headers, Json(TokenResponse { token: given.token, expires_at: given.expires_ms })))
}

/// Takes the token that is shown back: it is good for nothing from then on.
#[utoipa::path(delete, path = "/api/v1/verifyid/token", tag = "verifyid", responses(
    (status = 204), (status = 401, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn take_back(State(api): State<Api>, Bearer(token): Bearer) -> Result<StatusCode, ApiError> {
    let (tokens, now_ms) = (api.tokens()?.clone(), api.office()?.now_ms());
    let token = token.ok_or(TokenRefused::Missing)?;
    let chain = api.chain.clone();
    let taken_back = api.reads.read(move || Ok(tokens.take_back(&*chain, &token, now_ms)??)).await?;
    taken_back.map_err(not_taken_back)?;
    Ok(StatusCode::NO_CONTENT)
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
