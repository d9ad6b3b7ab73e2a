//! Why a token is not taken, with a stable code and a next step for each.
//!
//! It must not know routes. Invariant: no sentence quotes the token. A key that is not known and a signature that is wrong are one and the same for
//! who asks.

use axum::http::StatusCode;

use crate::http::{ApiError, TEXTS};

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenRefused {
    /// There is none, and one is needed.
    Missing,
    /// It is longer than [`super::TOKEN_BYTES_MAX`].
    TooLong,
    /// It has not three parts of base64url.
    Form,
    /// The header has not exactly `alg`, `kid` and `typ`, or an algorithm that no key of this house has.
    Header,
    /// The key is not live, or did not sign it.
    Signature,
    /// It is of another kind.
    Kind,
    /// A claim is missing, of another type, unknown, or there twice.
    Claims,
    /// Another house issued it.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It lives longer than its kind may, or ends before it begins.
    Life,
    /// It is over.
    Expired,
    /// It is not good yet.
    Early,
    /// The role may not do this.
    Role,
    /// It was taken back.
    Revoked,
    /// The holder's role was changed or taken away since.
    Version,
}

impl TokenRefused {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Missing,
        Self::TooLong,
        Self::Form,
        Self::Header,
        Self::Signature,
        Self::Kind,
        Self::Claims,
        Self::Issuer,
        Self::Audience,
        Self::Life,
        Self::Expired,
        Self::Early,
        Self::Role,
        Self::Revoked,
        Self::Version,
    ];

    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::TooLong => "token_too_long",
            Self::Form => "token_form",
            Self::Header => "token_header",
            Self::Signature => "token_signature",
            Self::Kind => "token_kind",
            Self::Claims => "token_claims",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
            Self::Life => "token_life",
            Self::Expired => "token_expired",
            Self::Early => "token_early",
            Self::Role => "token_role",
            Self::Revoked => "token_revoked",
            Self::Version => "token_version",
        }
    }
}

/// 401, or 403 for what another token of the same holder would not mend.
impl From<TokenRefused> for ApiError {
    fn from(refused: TokenRefused) -> Self {
        let status = match refused {
            TokenRefused::Role => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        Self::said(status, refused.code(), TEXTS.said(refused.code()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_reason_has_a_code_of_its_own_and_a_next_step() {
        let codes: HashSet<_> = TokenRefused::ALL.into_iter().map(TokenRefused::code).collect();
        assert_eq!(codes.len(), TokenRefused::ALL.len());
        for refused in TokenRefused::ALL {
            let body = ApiError::from(refused).into_body();
            assert_eq!(body.code, refused.code());
            assert!(!body.message.is_empty() && !body.hint.is_empty(), "{refused:?}");
        }
    }
}
