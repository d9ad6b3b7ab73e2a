//! What a refusal is called over HTTP, with its status and a next step.
//!
//! What is said stands in `i18n`, by a key that is the code where one code has one sentence. It must not know why something is refused.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use languages::{Language, Said};
use serde::Serialize;
use service::http::{ApiError, told};
use utoipa::ToSchema;

use super::TEXTS;
use crate::enrolled::NotEnrolled;
use crate::examiner::Refused;
use crate::office::NotVerified;
use crate::quota::{PlanStanding, QuotaUsed};
use crate::taken_back::NotTakenBack;
use crate::token_office::NoToken;

/// Room comes back by slots of ten seconds.
const FULL_RETRY_S: u32 = 10;

/// The verifications of a month are used up.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct QuotaResponse {
    /// `plan_required` or `plan_expired`, where paying helps now; `quota_exhausted`, where waiting does.
    code: &'static str,
    /// What is wrong.
    message: String,
    /// What to do.
    hint: String,
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
    Quota(QuotaUsedUp),
}

/// That of a month, its sentences not told yet.
pub(super) struct QuotaUsedUp {
    status: StatusCode,
    said: Said,
    /// With no sentences.
    response: QuotaResponse,
    wait_s: u64,
}

impl NotServed {
    /// There is no good verdict.
    pub(super) fn of(why: NotVerified, now_ms: u64) -> Self {
        match why {
            NotVerified::Refused(refused) => error_of(refused).into(),
            NotVerified::Unavailable(error) => ApiError::from(error).into(),
            NotVerified::Quota(used_up) => Self::quota(used_up, now_ms),
            NotVerified::ClockBehind => clock_behind().into(),
            NotVerified::NotWritten => unavailable("log_unavailable", TEXTS.said("answer_not_written")).into(),
        }
    }

    /// The month has no room. Seconds until the next are those from now.
    pub(super) fn quota(used_up: QuotaUsed, now_ms: u64) -> Self {
        let QuotaUsed { plan, limit, used, resets_at } = used_up;
        let (status, code) = match plan {
            PlanStanding::Free => (StatusCode::PAYMENT_REQUIRED, "plan_required"),
            PlanStanding::Over => (StatusCode::PAYMENT_REQUIRED, "plan_expired"),
            PlanStanding::Runs => (StatusCode::TOO_MANY_REQUESTS, "quota_exhausted"),
        };
        let said = TEXTS.said(code).with("used", used).with("limit", limit);
        let (remaining, resets_at) = (limit.saturating_sub(used), resets_at.0);
        let wait_s = resets_at.saturating_sub(now_ms).div_ceil(1_000);
        let (message, hint) = (String::new(), String::new());
        let response = QuotaResponse { code, message, hint, limit, used, remaining, resets_at };
        Self::Quota(QuotaUsedUp { status, said, response, wait_s })
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
            Self::Quota(QuotaUsedUp { status, said, response, wait_s }) => {
                let of = move |language: Language| {
                    let (message, hint) = (said.in_language(language), said.hint().in_language(language));
                    QuotaResponse { message, hint, ..response.clone() }
                };
                let mut answer = told(status, of);
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
                answer
            }
        }
    }
}

pub(super) fn unavailable(code: &str, said: Said) -> ApiError {
    ApiError::said(StatusCode::SERVICE_UNAVAILABLE, code, said)
}

/// A request that is wrong by itself.
pub(super) fn bad(code: &str, said: Said) -> ApiError {
    ApiError::said(StatusCode::BAD_REQUEST, code, said)
}

/// What this node has not.
pub(super) fn not_found(key: &'static str) -> ApiError {
    ApiError::said(StatusCode::NOT_FOUND, "not_found", TEXTS.said(key))
}

/// What would be acknowledged might never come to the chain.
pub(super) fn clock_behind() -> ApiError {
    unavailable("clock_behind", TEXTS.said("clock_behind"))
}

/// Says why.
pub(super) fn error_of(refused: Refused) -> ApiError {
    let key = match refused {
        // Of many things one says that they cannot be read.
        Refused::Malformed => "malformed_challenge",
        _ => refused.code(),
    };
    match refused {
        Refused::TooOften(seconds) | Refused::TooManyTokens(seconds) | Refused::Locked(seconds) => {
            let said = TEXTS.said(key).with("seconds", seconds);
            ApiError::said(status_of(refused), refused.code(), said).retry_after(seconds)
        }
        _ => {
            let error = ApiError::said(status_of(refused), refused.code(), TEXTS.said(key));
            if refused == Refused::Full { error.retry_after(FULL_RETRY_S) } else { error }
        }
    }
}

const fn status_of(refused: Refused) -> StatusCode {
    match refused {
        Refused::Malformed => StatusCode::BAD_REQUEST,
        Refused::BadAnswer => StatusCode::UNAUTHORIZED,
        Refused::Suspended | Refused::Revoked | Refused::Held | Refused::NotAccepted => StatusCode::FORBIDDEN,
        Refused::Used | Refused::WrongInstance => StatusCode::CONFLICT,
        Refused::Expired => StatusCode::GONE,
        Refused::TooOften(_) | Refused::TooManyTokens(_) | Refused::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
        Refused::Full => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Why a customer is given no token.
pub(super) fn no_token(why: NoToken) -> ApiError {
    let (status, key) = match why {
        NoToken::Old => (StatusCode::UNAUTHORIZED, "token_request_old"),
        NoToken::Signature => (StatusCode::UNAUTHORIZED, "token_request_signature"),
        NoToken::NoCustomer => (StatusCode::PAYMENT_REQUIRED, "token_no_customer"),
        NoToken::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "token_too_many"),
        NoToken::TakenBack => (StatusCode::UNAUTHORIZED, "token_taken_back"),
    };
    let error = ApiError::said(status, why.code(), TEXTS.said(key));
    if let NoToken::TooMany(seconds) = why { error.retry_after(seconds) } else { error }
}

/// This node gives no tokens.
pub(super) fn no_tokens() -> ApiError {
    not_found("no_tokens")
}

/// Why a token is still good.
pub(super) fn not_taken_back(why: NotTakenBack) -> ApiError {
    match why {
        NotTakenBack::Full => unavailable("too_many_taken_back", TEXTS.said("too_many_taken_back")),
        NotTakenBack::NotWritten(error) => {
            tracing::error!(%error, "a token that was taken back could not be written down");
            not_written()
        }
    }
}

/// Nobody knows whether the disk has it.
pub(super) fn not_written() -> ApiError {
    unavailable("log_unavailable", TEXTS.said("token_not_written"))
}

/// This node enrols no older devices.
pub(super) fn no_hmac() -> ApiError {
    not_found("no_hmac")
}

/// A challenge is handed in where another purpose is answered.
pub(super) fn wrong_purpose(asked: &str, key: &'static str) -> ApiError {
    bad("wrong_purpose", TEXTS.said(key).with("purpose", asked))
}

/// The secret is right, and no longer good.
pub(super) fn enrolment_over() -> ApiError {
    ApiError::said(StatusCode::FORBIDDEN, "enrolment_over", TEXTS.said("enrolment_over"))
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
    unavailable("too_many_enrolled", TEXTS.said("too_many_enrolled"))
}

/// Nobody knows whether the disk has it.
pub(super) fn enrolment_not_written() -> ApiError {
    unavailable("log_unavailable", TEXTS.said("enrolment_not_written"))
}
