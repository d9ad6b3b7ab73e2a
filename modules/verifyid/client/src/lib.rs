//! VerifyID, for people: the verbs `device`, `verifier` and `plan`, the files that keep devices' keys, and what these keys sign.
//!
//! `key_file` is a key on disk, `statements` what it signs, `naming` which device or key a text means, `node` what a node says and
//! proves, `tpm` drives this machine's TPM, `say` what is said in which language, `sending` the way of a call and what to do about a reject; `verbs/` makes commands of them. It must not know how a
//! transaction is signed, handed in or found final, nor how a proof is checked: that is the wallet's. What a call does the rules say.

mod key_file;
mod naming;
mod node;
mod say;
mod sending;
mod statements;
mod tpm;
mod verbs;

pub use key_file::DeviceKeyFile;
pub use statements::{DeviceWord, cancellation, registration, rotation};
pub use verbs::{VerifyIdVerbs, check_verification};
