//! Every state key of this module as a named function. They are public, as whoever proves that something is there, or is not, proves
//! it by its key.
//!
//! What can be of several lengths stands last, or behind its length of one byte, so no two records share a key. Every name here
//! has at most 64 bytes; of a longer one the length byte would be 255, and nothing lies there.

use types::{Address, Hash32};

use crate::names::HashKind;

const PUT: u8 = 0;
const HASH: u8 = 1;
const CONTRACT: u8 = 2;
const SERVICE: u8 = 3;
const ATTESTATION: u8 = 4;
const LOG: u8 = 5;
const RULES: u8 = 6;

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    [&[length], bytes].concat()
}

fn of(first: u8, account: &Address) -> Vec<u8> {
    [&[first], account.0.as_slice()].concat()
}

/// A digest that an account has put under a name.
#[must_use]
pub fn put(account: &Address, namespace: &[u8], key: &[u8]) -> Vec<u8> {
    [puts_of(account, namespace).as_slice(), key].concat()
}

/// The beginning of the keys of what an account has put into a namespace.
#[must_use]
pub fn puts_of(account: &Address, namespace: &[u8]) -> Vec<u8> {
    [of(PUT, account).as_slice(), &with_length(namespace)].concat()
}

/// The beginning of the keys of all that was put.
pub(crate) const fn puts() -> [u8; 1] {
    [PUT]
}

/// A hash that an account has anchored.
#[must_use]
pub fn hash(account: &Address, kind: HashKind, hash: &Hash32) -> Vec<u8> {
    [hashes_of(account, kind).as_slice(), hash.as_bytes()].concat()
}

/// The beginning of the keys of an account's hashes of a kind.
#[must_use]
pub fn hashes_of(account: &Address, kind: HashKind) -> Vec<u8> {
    [of(HASH, account).as_slice(), &[kind as u8]].concat()
}

/// The beginning of the keys of all hashes.
pub(crate) const fn hashes() -> [u8; 1] {
    [HASH]
}

/// A contract that an account has anchored, by its manifest.
#[must_use]
pub fn contract(account: &Address, manifest: &Hash32) -> Vec<u8> {
    [contracts_of(account).as_slice(), manifest.as_bytes()].concat()
}

/// The beginning of the keys of an account's contracts.
#[must_use]
pub fn contracts_of(account: &Address) -> Vec<u8> {
    of(CONTRACT, account)
}

/// The beginning of the keys of all contracts.
pub(crate) const fn contracts() -> [u8; 1] {
    [CONTRACT]
}

/// A service of an account.
#[must_use]
pub fn service(account: &Address, service: &[u8]) -> Vec<u8> {
    [services_of(account).as_slice(), service].concat()
}

/// The beginning of the keys of an account's services.
#[must_use]
pub fn services_of(account: &Address) -> Vec<u8> {
    of(SERVICE, account)
}

/// The beginning of the keys of all services.
pub(crate) const fn services() -> [u8; 1] {
    [SERVICE]
}

/// What a service has attested, by its txid.
#[must_use]
pub fn attestation(account: &Address, service: &[u8], txid: &Hash32) -> Vec<u8> {
    [attestations_of(account, service).as_slice(), txid.as_bytes()].concat()
}

/// The beginning of the keys of what a service has attested.
#[must_use]
pub fn attestations_of(account: &Address, service: &[u8]) -> Vec<u8> {
    [of(ATTESTATION, account).as_slice(), &with_length(service)].concat()
}

/// The beginning of the keys of all attestations.
pub(crate) const fn attestations() -> [u8; 1] {
    [ATTESTATION]
}

/// A log of an account.
#[must_use]
pub fn log(account: &Address, log: &Hash32) -> Vec<u8> {
    [logs_of(account).as_slice(), log.as_bytes()].concat()
}

/// The beginning of the keys of an account's logs.
#[must_use]
pub fn logs_of(account: &Address) -> Vec<u8> {
    of(LOG, account)
}

/// The beginning of the keys of all logs.
pub(crate) const fn logs() -> [u8; 1] {
    [LOG]
}

/// The numbers of the genesis.
#[must_use]
pub const fn rules() -> [u8; 1] {
    [RULES]
}
