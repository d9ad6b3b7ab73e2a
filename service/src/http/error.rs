//! The one error shape of the API: `{code, message, hint}` with a stable code and a status.
//!
//! It is English unless it is made of sentences that are known in other languages, and whoever asks wants one of those (`told`).
//!
//! A message says what is wrong, with the value; a hint says what to do. Nothing here tells of files, threads or addresses of this
//! machine.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use execution::{Registry, Reject};
use languages::{Language, Said, Sentence};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TEXTS;
use super::told::told;
use crate::chain::{Refused, Unavailable};

/// Every error of the API: `{code, message, hint}` with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorResponse {
    /// Stable name in snake_case, such as `nonce_gap`.
    pub code: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub hint: String,
}

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    message: Sentence,
    hint: Sentence,
    /// Seconds after which to ask again.
    retry_after_s: Option<u32>,
}

/// The same where nothing else is said, of what passes by itself.
const RETRY_AFTER_S: u32 = 1;

impl ApiError {
    /// An error with its three parts.
    pub fn new(
        status: StatusCode,
        code: impl Into<String>,
        message: impl Into<Sentence>,
        hint: impl Into<Sentence>,
    ) -> Self {
        let passes = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        let retry_after_s = passes.then_some(RETRY_AFTER_S);
        Self { status, code: code.into(), message: message.into(), hint: hint.into(), retry_after_s }
    }

    /// An error that a feature has in its texts: the message and its attribute `hint`.
    pub fn said(status: StatusCode, code: impl Into<String>, said: Said) -> Self {
        let hint = said.hint();
        Self::new(status, code, said, hint)
    }

    /// Says what to do instead.
    pub fn with_hint(mut self, hint: impl Into<Sentence>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Says when to ask again.
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// 400: the request itself is wrong.
    pub fn bad(code: &str, message: impl Into<Sentence>, hint: impl Into<Sentence>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, hint)
    }

    /// 404.
    pub fn not_found(message: impl Into<Sentence>, hint: impl Into<Sentence>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message, hint)
    }

    /// The error without its status, for one item of many; in English.
    pub fn into_body(self) -> ErrorResponse {
        self.body(Language::English)
    }

    fn body(&self, language: Language) -> ErrorResponse {
        let mut message = self.message.in_language(language);
        // Messages may quote what was sent.
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
            message.truncate(end);
            message.push('…');
        }
        ErrorResponse { code: self.code.clone(), message, hint: self.hint.in_language(language) }
    }

    /// 422: a rule of the chain refuses the transaction.
    pub fn reject(registry: &Registry, reject: Reject) -> Self {
        let (name, sentence) = match registry.describe(reject) {
            Some(found) => (api_name(found.name), found.sentence.to_owned()),
            None => ("rejected", format!("{reject}")),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, name, sentence, hint_of(name))
    }

    /// 403: this node takes no writes.
    pub fn read_only() -> Self {
        let hint = "send this request to a node that is not read-only";
        Self::new(StatusCode::FORBIDDEN, "read_only_replica", "this node follows the chain and takes no writes", hint)
    }
}

/// The API's word where the chain has another one.
fn api_name(name: &'static str) -> &'static str {
    if name == "wrong_signature" { "bad_signature" } else { name }
}

/// Longest message of an error.
const MESSAGE_CHARS_MAX: usize = 400;

/// What helps, by the error's code; where nothing more is known, what helps with everything that a rule refuses.
#[must_use]
pub fn hint_of(code: &str) -> &'static str {
    match code {
        "nonce_gap" => "send the transactions with the missing nonces first",
        "nonce_too_low" | "nonce_used" => {
            "sign again with the account's next nonce; `GET /api/v1/accounts/{address}` tells it"
        }
        "insufficient_funds" | "fee_unpayable" => {
            "fee_max and tip are promised until the transaction is final: wait for what is waiting, or promise less"
        }
        "expired" => "sign again with a later valid_until",
        "valid_too_long" => "sign again with an earlier valid_until, and check this machine's clock",
        "too_long" | "too_heavy" => "split it into several transactions",
        "busy" => "try again in a second, or ask another node",
        "bad_signature" => "sign the id of exactly this body for this chain",
        "high_s" => "normalize the signature: s and the group order minus s are equivalent, the lower one is taken",
        "unknown_module" => "check the module number, and that the node runs the chain's newest version",
        "already_known" => "nothing: it is on its way",
        "sender_limit" | "peer_limit" | "calls_full" => "wait for the next blocks, then try again",
        "replacement_underpriced" => "raise the tip to what the message asks for, or wait for the one that waits",
        "insufficient_balance" => "send less, or let the account have more of it first",
        "unknown_asset" => "`GET /api/v1/assets` lists the assets that there are",
        "pool_full" => "raise the tip, or try again after the next block",
        "fee_max_too_low" => {
            "sign again with the same nonce and a higher fee_max; `GET /api/v1/fees/estimate` tells the price"
        }
        _ => "change what the message names, and hand it in again",
    }
}

#[cfg(feature = "store")]
impl From<store::StoreError> for ApiError {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError;
        match error {
            StoreError::HeightUnavailable { height, oldest, newest } => {
                let message = format!("the state after block {height} is not kept; this node has {oldest} to {newest}");
                Self::new(StatusCode::GONE, "height_unavailable", message, "ask for a newer height")
            }
            StoreError::Unreadable { height, .. } => {
                let message = format!("block {height} cannot be read here, and is being fetched from peers again");
                let hint = "try again in a second, or ask another node";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_mending", message, hint)
            }
            error => {
                tracing::error!(%error, "the store cannot answer");
                let hint = "ask another node; the operator finds the reason in this node's log";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "the node cannot read its store", hint)
            }
        }
    }
}

impl From<Unavailable> for ApiError {
    fn from(error: Unavailable) -> Self {
        let code = match error {
            Unavailable::Busy => "busy",
            Unavailable::Stopping => "stopping",
            Unavailable::DiskFull => "disk_full",
            Unavailable::Unreadable => "store_unavailable",
        };
        Self::said(StatusCode::SERVICE_UNAVAILABLE, code, TEXTS.said(code))
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let Refused { code, sentence, reason } = refused;
        Self::new(reason.status(), code, sentence, hint_of(code))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        let mut response = match self.message.is_said() {
            true => told(status, move |language| self.body(language)),
            false => (status, Json(self.into_body())).into_response(),
        };
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
