//! Tokens from outside: what is taken, what is refused by which name, and for how long a key lives.

mod hostile;
mod kept;
mod rotation;
mod vector;

use std::collections::HashMap;

use types::{ChainId, Hash32};
use zeroize::Zeroizing;

use super::*;

/// The instant of the vector, in seconds and ms.
const NOW_S: u64 = 1_771_111_111;
const NOW_MS: u64 = NOW_S * 1_000;
/// The seed of RFC 8037, A.1.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

fn seed() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(SEED, seed.as_mut()).expect("64 digits");
    seed
}

fn key(number: u8, algorithm: TokenAlgorithm, made_ms: u64) -> TokenKey {
    TokenKey::new(algorithm, Zeroizing::new([number; 32]), made_ms)
}

fn chain_id() -> ChainId {
    ChainId(Hash32([0x11; 32]))
}

fn terms(kind: TokenKind, name: &str, roles: &'static [Role]) -> TokenTerms {
    let (issuer, audience) = (TokenTerms::issuer(chain_id()), TokenTerms::audience(name, chain_id()));
    TokenTerms { kind, issuer, audience, roles }
}

fn admin() -> TokenTerms {
    terms(ADMIN, "thr-admin", &[Role::Admin])
}

/// Holders as a test has them.
#[derive(Default)]
struct Book {
    versions: HashMap<(String, Role), u64>,
    revoked: Option<Jti>,
}

impl Book {
    fn with(subject: &str, role: Role, version: u64) -> Self {
        Self { versions: HashMap::from([((subject.to_owned(), role), version)]), revoked: None }
    }
}

impl Holders for Book {
    fn is_revoked(&self, claims: &Claims) -> bool {
        self.revoked == Some(claims.jti)
    }

    fn version(&self, subject: &str, role: Role) -> Option<u64> {
        self.versions.get(&(subject.to_owned(), role)).copied()
    }
}

fn alice() -> Book {
    Book::with("alice", Role::Admin, 3)
}
