//! Why no challenge is given, or an answer is not good.
//!
//! It must not know how it is said.

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no challenge; nothing is used up.
    Malformed,
    /// The answer does not prove the key, the device is unknown, or the challenge was changed: one and the same for who asks.
    BadAnswer,
    /// The authority has suspended the device.
    Suspended,
    /// The device is out for good.
    Revoked,
    /// A verifier holds it.
    Held,
    /// It asks to log in, and the owner whom its registration names has not said yes.
    NotAccepted,
    /// It was answered before.
    Used,
    /// Another service gave it; nothing is used up.
    WrongInstance,
    /// It is over.
    Expired,
    /// The client's network asks too often; so many seconds more.
    TooOften(u32),
    /// The client's network asks for tokens too often; so many seconds more.
    TooManyTokens(u32),
    /// Wrong answers for the device came from the client's network; so many seconds more.
    Locked(u32),
    /// Too many answers are remembered; the challenge stays good.
    Full,
}

impl Refused {
    /// A stable name.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadAnswer => "bad_answer",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Held => "held",
            Self::NotAccepted => "not_accepted",
            Self::Used => "challenge_used",
            Self::WrongInstance => "wrong_instance",
            Self::Expired => "expired",
            Self::TooOften(_) => "asked_too_often",
            Self::TooManyTokens(_) => "too_many_tokens",
            Self::Locked(_) => "locked",
            Self::Full => "too_many_answers",
        }
    }
}
