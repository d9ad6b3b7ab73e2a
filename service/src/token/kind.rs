//! Which kinds of tokens there are, for how long each may live, and which roles.
//!
//! It must not know who takes which.

use serde::{Deserialize, Serialize};

/// How far the clocks of two machines may be apart, in seconds.
pub const LEEWAY_S: u64 = 30;

/// A kind of token. No verifier of one takes another, though the same key signed both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenKind {
    /// What the header says (RFC 8725, 3.11).
    pub typ: &'static str,
    /// Longest time from `iat` to `exp`, in seconds.
    pub life_s_max: u64,
    /// Whether it names a device, with its level.
    pub names_device: bool,
}

/// Of a person at the console: 15 minutes.
pub const ADMIN: TokenKind = TokenKind { typ: "thr-admin+jwt", life_s_max: 900, names_device: false };
/// Of a device: 10 minutes.
pub const DEVICE: TokenKind = TokenKind { typ: "thr-device+jwt", life_s_max: 600, names_device: true };
/// Of a customer: a day, the longest of all.
pub const API: TokenKind = TokenKind { typ: "thr-api+jwt", life_s_max: 86_400, names_device: false };

/// What a holder may do. It is read from verified claims only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads how things stand.
    Viewer,
    /// Runs the machine.
    Operator,
    /// Proposes and approves.
    Admin,
    /// Has devices verified.
    Verifier,
    /// Reads audit and evidence.
    Inspector,
    /// Has to do with an own device only.
    Driver,
}
