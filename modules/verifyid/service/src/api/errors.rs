//! What a refusal is called over HTTP, with its status and a next step.
//!
//! It must not know why something is refused.

use axum::http::StatusCode;
use service::http::ApiError;

use crate::examiner::Refused;
use crate::taken_back::NotTakenBack;
use crate::token_office::NoToken;

/// Room comes back by slots of ten seconds.
const FULL_RETRY_S: u32 = 10;

/// Where a hint tells how long to wait.
const RETRY_AFTER: &str = "{retry-after}";

pub(super) fn unavailable(code: &str, message: &str, hint: &str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message, hint)
}

/// Says why.
pub(super) fn error_of(refused: Refused) -> ApiError {
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
            "wait for {retry-after}, or show a customer's token; challenges that were given can be answered",
        ),
        Refused::Locked(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "five wrong answers for this device came from this network",
            "wait for {retry-after}, or show a customer's token; challenges that were given can be answered",
        ),
        Refused::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many answers are remembered, so this one was not judged",
            "room comes back within six minutes, and the challenge stays good for its five: try again until it is over, then ask anew; a \
             customer's token has room of its own",
        ),
    };
    let hint = match refused {
        Refused::TooOften(seconds) | Refused::Locked(seconds) => hint.replace(RETRY_AFTER, &format!("{seconds} s")),
        _ => hint.to_owned(),
    };
    let error = ApiError::new(status, refused.code(), message, hint);
    match refused {
        Refused::TooOften(seconds) | Refused::Locked(seconds) => error.retry_after(seconds),
        Refused::Full => error.retry_after(FULL_RETRY_S),
        _ => error,
    }
}

/// Why a customer is given no token.
pub(super) fn no_token(why: NoToken) -> ApiError {
    let (status, message, hint) = match why {
        NoToken::Old => (
            StatusCode::UNAUTHORIZED,
            "the request was not signed within the last minute",
            "compare the clocks, and sign the time of now: `issued_at` in milliseconds since 1970",
        ),
        NoToken::Signature => (
            StatusCode::UNAUTHORIZED,
            "the account's key did not sign this request",
            "sign SHA-256 of tag, chain id, account, `kid` of the first key of /.well-known/jwks.json as it is now, and `issued_at`; s low",
        ),
        NoToken::NoCustomer => (
            StatusCode::PAYMENT_REQUIRED,
            "the account has no plan and no device that counts on it",
            "register a device with it, or have a plan set: `thronos plan show`",
        ),
    };
    ApiError::new(status, why.code(), message, hint)
}

/// This node gives no tokens.
pub(super) fn no_tokens() -> ApiError {
    ApiError::not_found(
        "this node gives no tokens",
        "its operator switches them on with `verifyid.give_tokens = true`; ask without one",
    )
}

/// Why a token is still good.
pub(super) fn not_taken_back(why: NotTakenBack) -> ApiError {
    match why {
        NotTakenBack::Full => {
            let hint = "try again in an hour; the operator ends all tokens at once by moving `token.keys` away";
            unavailable("too_many_taken_back", "as many tokens as this node remembers were taken back", hint)
        }
        NotTakenBack::NotWritten(error) => {
            tracing::error!(%error, "a token that was taken back could not be written down");
            let message = "the token is good for nothing until the node is started again, and may be good then";
            unavailable("log_unavailable", message, "try again later; the operator finds the reason in this node's log")
        }
    }
}
