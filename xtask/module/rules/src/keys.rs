//! Every state key of this module as a named function.

use types::Address;

const PARAMETERS: u8 = 0;
const NOTE: u8 = 1;
const COUNT: u8 = 2;

/// The numbers of the genesis.
pub(crate) const fn parameters() -> [u8; 1] {
    [PARAMETERS]
}

/// The note of an account.
pub(crate) fn note(author: &Address) -> Vec<u8> {
    [&[NOTE], author.0.as_slice()].concat()
}

/// The beginning of the keys of all notes.
pub(crate) const fn notes() -> [u8; 1] {
    [NOTE]
}

/// How many notes were ever written.
pub(crate) const fn count() -> [u8; 1] {
    [COUNT]
}
