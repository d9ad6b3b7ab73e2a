//! What a refusal is called over HTTP, with its status and a next step.
//!
//! It must not know why something is refused.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::http::ApiError;
use utoipa::ToSchema;

use crate::enrolled::NotEnrolled;
use crate::examiner::Refused;
use crate::office::NotVerified;
use crate::quota::{PlanStanding, QuotaUsed};
use crate::taken_back::NotTakenBack;
use crate::token_office::NoToken;

/// Room comes back by slots of ten seconds.
const FULL_RETRY_S: u32 = 10;

/// Where a hint tells how long to wait.
const RETRY_AFTER: &str = "{retry-after}";

/// The verifications of a month are used up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotaResponse {
    /// `plan_required` or `plan_expired`, where paying helps now; `quota_exhausted`, where waiting does.
    code: &'static str,
    /// What is wrong.
    message: String,
    /// What to do.
    hint: &'static str,
    /// How many good verifications the customer's plan has room for in a calendar month (UTC).
    limit: u64,
    /// How many the chain has counted in this one, and this node has acknowledged and not yet put on the chain.
    used: u64,
    /// What is left.
    remaining: u64,
    /// When the next month begins, in milliseconds since 1970.
    resets_at: u64,
}

/// Why a challenge is not given or an answer not judged.
pub(super) enum NotServed {
    Error(ApiError),
    Quota(StatusCode, QuotaResponse, u64),
}

impl NotServed {
    /// There is no good verdict.
    pub(super) fn of(why: NotVerified, now_ms: u64) -> Self {
        match why {
            NotVerified::Refused(refused) => error_of(refused).into(),
            NotVerified::Unavailable(error) => ApiError::from(error).into(),
            NotVerified::Quota(used_up) => Self::quota(used_up, now_ms),
            NotVerified::ClockBehind => clock_behind().into(),
            NotVerified::NotWritten => {
                let message = "the answer could not be written down, so nothing is said of it";
                unavailable("log_unavailable", message, "ask for another challenge, or ask another node").into()
            }
        }
    }

    /// The month has no room. Seconds until the next are those from now.
    pub(super) fn quota(used_up: QuotaUsed, now_ms: u64) -> Self {
        let QuotaUsed { plan, limit, used, resets_at } = used_up;
        let (status, code, hint) = match plan {
            PlanStanding::Free => (
                StatusCode::PAYMENT_REQUIRED,
                "plan_required",
                "the customer takes a plan: `thronos plan show`; or wait for the next month",
            ),
            PlanStanding::Over => (
                StatusCode::PAYMENT_REQUIRED,
                "plan_expired",
                "the customer's plan is over: have it renewed, `thronos plan show`; or wait for the next month",
            ),
            PlanStanding::Runs => (
                StatusCode::TOO_MANY_REQUESTS,
                "quota_exhausted",
                "wait as long as `retry-after` says, or the customer takes a larger plan: `thronos plan show`",
            ),
        };
        let message = format!("{used} of the {limit} verifications of the customer's month are used");
        let (remaining, resets_at) = (limit.saturating_sub(used), resets_at.0);
        let wait_s = resets_at.saturating_sub(now_ms).div_ceil(1_000);
        Self::Quota(status, QuotaResponse { code, message, hint, limit, used, remaining, resets_at }, wait_s)
    }
}

impl From<ApiError> for NotServed {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl IntoResponse for NotServed {
    fn into_response(self) -> Response {
        match self {
            Self::Error(error) => error.into_response(),
            Self::Quota(status, body, wait_s) => {
                let headers = [(header::RETRY_AFTER, HeaderValue::from(wait_s))];
                (status, headers, Json(body)).into_response()
            }
        }
    }
}

pub(super) fn unavailable(code: &str, message: &str, hint: &str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message, hint)
}

/// What would be acknowledged might never come to the chain.
pub(super) fn clock_behind() -> ApiError {
    let message = "this node's clock is behind the chain's, so what it says could not be put on the chain";
    unavailable("clock_behind", message, "ask another node; this one's operator sets its clock")
}

/// Says why.
pub(super) fn error_of(refused: Refused) -> ApiError {
    let (status, message, hint) = words_of(refused);
    let hint = match refused {
        Refused::TooOften(seconds) | Refused::TooManyTokens(seconds) | Refused::Locked(seconds) => {
            hint.replace(RETRY_AFTER, &format!("{seconds} s"))
        }
        _ => hint.to_owned(),
    };
    let error = ApiError::new(status, refused.code(), message, hint);
    match refused {
        Refused::TooOften(seconds) | Refused::TooManyTokens(seconds) | Refused::Locked(seconds) => {
            error.retry_after(seconds)
        }
        Refused::Full => error.retry_after(FULL_RETRY_S),
        _ => error,
    }
}

/// Status, sentence and next step.
const fn words_of(refused: Refused) -> (StatusCode, &'static str, &'static str) {
    match refused {
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
        Refused::NotAccepted => (
            StatusCode::FORBIDDEN,
            "the owner whom the registration names has not accepted the device",
            "its owner sends `thronos device accept DEVICE --from NAME`; then ask for another challenge",
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
        Refused::TooManyTokens(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "this network has asked for as many tokens as it may in a minute",
            "wait for {retry-after}; one is good for a day",
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
    }
}

/// Why a customer is given no token.
pub(super) fn no_token(why: NoToken) -> ApiError {
    let (status, message, hint) = match why {
        NoToken::Old => (
            StatusCode::UNAUTHORIZED,
            "the request was not signed within the last minute, or hour where an account has several keys",
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
        NoToken::TooMany(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "the account was given as many tokens within an hour as it may be",
            "use one that it has, which is good for a day, or wait as long as `retry-after` says",
        ),
        NoToken::TakenBack => (
            StatusCode::UNAUTHORIZED,
            "the token of this request was taken back",
            "sign the time of now; where many were taken back, half a minute later",
        ),
    };
    let error = ApiError::new(status, why.code(), message, hint);
    if let NoToken::TooMany(seconds) = why { error.retry_after(seconds) } else { error }
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
            let hint = "room comes back within a day; the operator ends all tokens at once by moving `token.keys` away";
            unavailable(
                "too_many_taken_back",
                "tokens of as many accounts as this node remembers were taken back",
                hint,
            )
        }
        NotTakenBack::NotWritten(error) => {
            tracing::error!(%error, "a token that was taken back could not be written down");
            not_written()
        }
    }
}

/// Nobody knows whether the disk has it.
pub(super) fn not_written() -> ApiError {
    let message = "the token may be good again once the node is started again";
    unavailable(
        "log_unavailable",
        message,
        "send the same again later; the operator finds the reason in this node's log",
    )
}

/// This node enrols no older devices.
pub(super) fn no_hmac() -> ApiError {
    ApiError::not_found(
        "this node takes no answers of older devices by a secret",
        "its operator switches them on with `verifyid.hmac_devices = true`; answer with the device's key",
    )
}

/// A challenge is handed in where another purpose is answered.
pub(super) fn wrong_purpose(asked: &str, hint: &str) -> ApiError {
    ApiError::bad("wrong_purpose", format!("the challenge was asked for with the purpose `{asked}`"), hint)
}

/// The secret is right, and no longer good.
pub(super) fn enrolment_over() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "enrolment_over",
        "the device's key or its owner has changed since it was given this secret",
        "its owner has it enrolled anew: `thronos device hmac enrol KEY`",
    )
}

/// Why a device is not enrolled.
pub(super) fn not_enrolled(why: NotEnrolled) -> ApiError {
    match why {
        NotEnrolled::Full => too_many_enrolled(),
        NotEnrolled::NotWritten(error) => {
            tracing::error!(%error, "the enrolment of an older device could not be written down");
            enrolment_not_written()
        }
    }
}

pub(super) fn too_many_enrolled() -> ApiError {
    unavailable(
        "too_many_enrolled",
        "as many older devices are enrolled as this node keeps",
        "answer with the device's key, or have it enrolled by another node: `thronos device hmac enrol KEY --node URL`",
    )
}

/// Nobody knows whether the disk has it.
pub(super) fn enrolment_not_written() -> ApiError {
    unavailable(
        "log_unavailable",
        "the enrolment could not be written down, so no secret is told",
        "ask for another challenge and enrol again; the operator finds the reason in this node's log",
    )
}
