//! The token that a request shows: `authorization: Bearer TOKEN` (RFC 6750, 2.1), and nowhere else: what stands in a path or a query stands in logs.
//!
//! It must not know what a token says.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::refused::TokenRefused;
use super::wire::TOKEN_BYTES_MAX;
use crate::http::ApiError;

/// The token, if the request shows one. A header that is there and shows none is refused, or whoever mistyped would be taken for nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(pub Option<String>);

impl fmt::Debug for Bearer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Bearer(a token)" } else { "Bearer(none)" })
    }
}

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        let (Some(header), None) = (headers.next(), headers.next()) else {
            return if parts.headers.contains_key(AUTHORIZATION) {
                Err(TokenRefused::Form.into())
            } else {
                Ok(Self(None))
            };
        };
        let text = header.to_str().map_err(|_| TokenRefused::Form)?;
        let (scheme, token) = text.split_once(' ').ok_or(TokenRefused::Form)?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(TokenRefused::Form.into());
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefused::TooLong.into());
        }
        Ok(Self(Some(token.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[tokio::test]
    async fn a_request_shows_one_token_in_one_header_or_none() {
        let long = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX + 1));
        for (headers, expected) in [
            (vec![], Ok(None)),
            (vec!["Bearer a.b.c"], Ok(Some("a.b.c"))),
            (vec!["bearer a.b.c"], Ok(Some("a.b.c"))),
            (vec!["Bearer a", "Bearer a"], Err("token_form")),
            (vec!["Bearer"], Err("token_form")),
            (vec!["Bearer "], Err("token_form")),
            (vec!["Basic YTpi"], Err("token_form")),
            (vec!["a.b.c"], Err("token_form")),
            (vec!["Bearer\ta.b.c"], Err("token_form")),
            (vec!["Bearer \u{e9}"], Err("token_form")),
            (vec![long.as_str()], Err("token_too_long")),
        ] {
            let add = |request: axum::http::request::Builder, value: &&str| request.header("authorization", *value);
            let request = headers.iter().fold(Request::get("/"), add).body(()).expect("a request");
            let shown = Bearer::from_request_parts(&mut request.into_parts().0, &()).await;
            let shown = shown.map(|Bearer(token)| token).map_err(|error| error.into_body().code);
            let expected = expected.map(|token| token.map(str::to_owned)).map_err(str::to_owned);
            assert_eq!(shown, expected, "{headers:?}");
        }
    }
}
