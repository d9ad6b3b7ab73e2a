//! Reading requests: bodies, paths and what stands in them, each bounded, each refused with a sentence.
//!
//! It must not know what a request is for.

use axum::body::Bytes;
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use languages::Said;
use serde::de::DeserializeOwned;
use types::{Address, AddressError, Hash32, Height, Network};

use super::TEXTS;
use super::error::ApiError;

/// Longest body of a request: the longest transaction is half of it, in JSON twice its bytes, and something stands around it.
pub const BODY_BYTES_MAX: usize = 160 * 1024;
// The hint of `oversize` says it.
const _: () = assert!(types::limits::TRANSACTION_BYTES_MAX == 65_536);
/// Longest body of a batch: a thousand transactions of usual size, or some of the greatest.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Who asks, as far as can be told: an IPv4 address, or the /64 of an IPv6 one. The node puts it into every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub std::net::IpAddr);

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let client = parts.extensions.get::<Self>().copied();
        client.ok_or_else(|| ApiError::bad("bad_request", "the request comes from nowhere", "see /docs"))
    }
}

/// Longest body that a route takes.
#[derive(Clone, Copy, Debug)]
pub struct BodyMax(pub usize);
/// Most entries of a list.
pub const PAGE_MAX: u32 = 100;
/// Entries of a list when no limit is given.
pub const PAGE_DEFAULT: u32 = 20;

/// What stands in a route's path: texts, which the route reads.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = extract::Path::<T>::from_request_parts(parts, state).await;
        let wrong = |_| bad("bad_path", TEXTS.said("bad_path"));
        Ok(Self(path.map_err(wrong)?.0))
    }
}

/// A JSON body.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !kind(&request).starts_with(JSON) {
            return Err(wrong_kind(&request));
        }
        json(&bytes(request, state).await?).map(Self)
    }
}

/// A body in JSON or in canonical bytes, as its content type says.
pub enum JsonOrBytes<T> {
    /// JSON, read.
    Json(T),
    /// Canonical bytes, bounded and not read yet.
    Bytes(Bytes),
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonOrBytes<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = kind(&request).starts_with(JSON);
        if !is_json && !kind(&request).starts_with(BYTES) {
            let hint = "send JSON with the header `content-type: application/json`, or canonical bytes with \
                        `content-type: application/octet-stream`";
            return Err(wrong_kind(&request).with_hint(hint));
        }
        let bytes = bytes(request, state).await?;
        if is_json { json(&bytes).map(Self::Json) } else { Ok(Self::Bytes(bytes)) }
    }
}

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

fn kind(request: &Request) -> &str {
    request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

fn wrong_kind(request: &Request) -> ApiError {
    let said = match kind(request) {
        "" => TEXTS.said("no_content_type"),
        kind => TEXTS.said("content_type").with("kind", shown(kind)),
    };
    ApiError::said(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", said)
}

fn bad(code: &str, said: Said) -> ApiError {
    ApiError::said(StatusCode::BAD_REQUEST, code, said)
}

/// The whole body, refused by its length before it is read where the length is announced.
async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let max = request.extensions().get::<BodyMax>().map_or(0, |BodyMax(max)| *max);
    let length = request.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max as u64) {
        return Err(oversize(max));
    }
    Bytes::from_request(request, state).await.map_err(|error| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            oversize(max)
        } else {
            bad("bad_body", TEXTS.said("bad_body"))
        }
    })
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| bad("malformed_json", TEXTS.said("malformed_json").with("error", error.to_string())))
}

/// 413: the body is longer than the route takes.
#[must_use]
pub fn oversize(max: usize) -> ApiError {
    let key = match max {
        0 => "oversize_none",
        BODY_BYTES_MAX => "oversize_transaction",
        _ => "oversize",
    };
    ApiError::said(StatusCode::PAYLOAD_TOO_LARGE, "oversize", TEXTS.said(key).with("bytes", max))
}

/// Reads an address in any of its forms.
pub fn address(text: &str, network: Network) -> Result<Address, ApiError> {
    Address::parse(text, network).map_err(|error| {
        let said = match error {
            AddressError::OtherNetwork { found, .. } => TEXTS.said("address_of_other_network").with("found", found),
            AddressError::Checksum => TEXTS.said("address_typo"),
            AddressError::Malformed { .. } => TEXTS.said("address_malformed"),
        };
        bad("bad_address", said.with("text", shown(text)).with("expected", network.prefix()))
    })
}

/// Reads a hash.
pub fn hash(text: &str) -> Result<Hash32, ApiError> {
    text.parse().map_err(|_| {
        ApiError::bad("bad_hash", format!("`{}` is not a hash", shown(text)), "write 64 hexadecimal digits")
    })
}

/// Reads a number in a path.
pub fn number(text: &str, what: &str) -> Result<u64, ApiError> {
    // The language's own reading takes a sign too.
    let number = is_digits(text).then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| {
        ApiError::bad(
            "bad_number",
            format!("`{}` is not {what}", shown(text)),
            "write a whole number in decimal digits",
        )
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Bounds a page.
pub fn page(limit: Option<u32>) -> Result<u32, ApiError> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        limit => {
            let message = format!("the limit is {limit}");
            Err(ApiError::bad(
                "bad_limit",
                message,
                format!("give a limit from 1 to {PAGE_MAX} and ask for more pages"),
            ))
        }
    }
}

/// A block, as a path names it.
pub enum BlockName {
    /// The newest.
    Latest,
    /// By number.
    Height(Height),
    /// By hash.
    Hash(Hash32),
}

/// Reads the name of a block.
pub fn block_name(text: &str) -> Result<BlockName, ApiError> {
    if text == "latest" {
        return Ok(BlockName::Latest);
    }
    if text.len() == 64 {
        return hash(text).map(BlockName::Hash);
    }
    if is_digits(text) && text.parse::<u64>().is_err() {
        // No chain gets there.
        return Ok(BlockName::Height(Height(u64::MAX)));
    }
    number(text, "a height, a hash or `latest`").map(|height| BlockName::Height(Height(height)))
}

/// The beginning of a text from outside, fit to be shown.
pub fn shown(text: &str) -> String {
    text.chars().take(80).map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn a_body_of_another_kind_is_refused_with_its_kind_and_one_without_for_having_none() {
        for (kind, expected) in
            [(None, "the request says no content type"), (Some("text/plain"), "the content type is `text/plain`")]
        {
            let request = || {
                let request =
                    kind.into_iter().fold(Request::post("/"), |request, kind| request.header("content-type", kind));
                request.body(Body::empty()).expect("a request")
            };
            let json = JsonBody::<serde_json::Value>::from_request(request(), &()).await.err();
            let either = JsonOrBytes::<serde_json::Value>::from_request(request(), &()).await.err();
            for error in [json, either] {
                assert_eq!(error.map(|error| error.into_body().message).as_deref(), Some(expected));
            }
        }
    }
}
