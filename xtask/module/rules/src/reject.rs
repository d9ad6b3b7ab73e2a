//! Why this module rejects a call. Numbers are stable; what the ledger rejects has codes of the kernel.

use types::ModuleId;

execution::rejects! {
    /// What this module rejects.
    pub enum ModuleNameReject of ModuleId(MODULE_NUMBER);
    1 EmptyNote "empty_note" "the note is empty: write at least one letter"
    2 MalformedNote "malformed_note" "the note must be UTF-8 on one line, without control characters"
    3 FeeUnpayable "note_fee_unpayable" "the account's THR does not cover the fee for a note"
}
