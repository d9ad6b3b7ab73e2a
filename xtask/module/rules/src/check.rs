//! What can be said of a call without state: whether it can ever succeed, and its weight.

use execution::Reject;
use types::Weight;

use crate::call::{ModuleNameCall, ModuleNameWrite};
use crate::reject::ModuleNameReject;

/// Weight of a note beside the bytes of its envelope: two keys are written, as for a transfer.
pub const WRITE_WEIGHT: Weight = Weight(1_000);

/// Judges a call and declares its weight.
pub(crate) fn check(call: &ModuleNameCall) -> Result<Weight, Reject> {
    let ModuleNameCall::Write(ModuleNameWrite { text }) = call;
    if text.is_empty() {
        return Err(ModuleNameReject::EmptyNote.into());
    }
    let is_one_line = std::str::from_utf8(text).is_ok_and(|text| !text.contains(char::is_control));
    if is_one_line { Ok(WRITE_WEIGHT) } else { Err(ModuleNameReject::MalformedNote.into()) }
}
