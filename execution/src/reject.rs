//! Rejects: why an input is invalid. A reject is deterministic and part of the chain; a fault of this machine never becomes one.
//!
//! Codes are stable: `module << 16 | number`, numbers from 1. Every module writes its rejects as one list with [`rejects!`], from
//! which code, name and sentence follow.
//!
//! [`rejects!`]: crate::rejects

use types::ModuleId;

/// A reject as receipts carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reject {
    code: u32,
}

/// A reject for people and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectDescription {
    /// The module that rejects.
    pub module: ModuleId,
    /// The number within the module, from 1.
    pub number: u16,
    /// Its stable name, in snake_case.
    pub name: &'static str,
    /// What is wrong and what to do.
    pub sentence: &'static str,
}

impl Reject {
    /// The reject with this number in a module.
    #[must_use]
    pub const fn new(module: ModuleId, number: u16) -> Self {
        Self { code: ((module.0 as u32) << 16) | number as u32 }
    }

    /// `module << 16 | number`.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.code
    }

    /// The module that rejects.
    #[must_use]
    pub const fn module(self) -> ModuleId {
        ModuleId((self.code >> 16) as u16)
    }

    /// The number within the module.
    #[must_use]
    pub const fn number(self) -> u16 {
        (self.code & 0xffff) as u16
    }
}

impl std::fmt::Display for Reject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "reject {}.{}", self.module(), self.number())
    }
}

/// Writes a module's rejects as one list: number, variant, name and sentence.
#[macro_export]
macro_rules! rejects {
    (
        $(#[$doc:meta])*
        pub enum $name:ident of $module:expr;
        $($number:literal $variant:ident $text:literal $sentence:literal)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum $name {
            $(#[doc = $sentence] $variant = $number,)+
        }

        impl $name {
            /// All of them, in order of their numbers.
            pub const ALL: &'static [$crate::RejectDescription] = &[
                $($crate::RejectDescription { module: $module, number: $number, name: $text, sentence: $sentence },)+
            ];

            /// `module << 16 | number`.
            #[must_use]
            pub const fn code(self) -> u32 {
                $crate::Reject::new($module, self as u16).code()
            }
        }

        impl From<$name> for $crate::Reject {
            fn from(reject: $name) -> Self {
                Self::new($module, reject as u16)
            }
        }
    };
}

rejects! {
    /// What the kernel rejects: the form of a transaction, its place in a block, and moves in the ledger.
    pub enum KernelReject of ModuleId(0);
    1 TransactionVersion "transaction_version" "the transaction has a version that this chain does not know: use version 1"
    2 PayerReserved "payer_reserved" "a separate payer is reserved for a later protocol version: leave the payer out"
    3 NoCalls "no_calls" "the transaction has no call: give at least one"
    4 UnknownModule "unknown_module" "a call names a module that this chain does not have"
    5 MalformedCall "malformed_call" "a call's bytes are not a call of the module it names"
    6 TooLong "too_long" "the transaction is longer than a transaction may be"
    7 WitnessCount "witness_count" "the witness must hold exactly one proof, that of the sender"
    8 WitnessKind "witness_kind" "the witness is of another kind than the body names"
    9 WitnessAddress "witness_address" "the key or policy in the witness is not that of the sender's address"
    10 SignatureCount "signature_count" "a multisig witness must hold exactly as many signatures as its policy's threshold"
    11 SignatureOrder "signature_order" "the signatures of a multisig witness must stand in rising order of keys that the policy has"
    12 MalformedKey "malformed_key" "a key in the witness is not a compressed point of secp256k1"
    13 HighS "high_s" "a signature has a high s: only the low form is accepted"
    14 WrongSignature "wrong_signature" "a signature does not match: signed by another key, for another chain, or changed afterwards"
    15 NonceUsed "nonce_used" "the nonce is below the account's: that transaction was already included"
    16 NonceGap "nonce_gap" "the nonce is above the account's: earlier transactions are missing"
    17 Expired "expired" "the time up to which the transaction is valid has passed"
    18 ValidTooLong "valid_too_long" "the transaction asks to stay valid for longer than this chain allows"
    19 FeeMaxTooLow "fee_max_too_low" "the highest fee the transaction allows does not cover the present price"
    20 FeeUnpayable "fee_unpayable" "the account's THR does not cover fee and tip"
    21 TooHeavy "too_heavy" "the transaction's weight is above what a block may have"
    22 InsufficientBalance "insufficient_balance" "the account has less of the asset than the call moves"
    23 AmountOverflow "amount_overflow" "a sum of amounts does not fit 128 bits"
    24 CapExceeded "cap_exceeded" "more of the asset would be issued than its cap allows"
    25 UnknownAsset "unknown_asset" "there is no asset with this number"
    26 AssetExists "asset_exists" "there already is an asset with this number"
    27 InsufficientEscrow "insufficient_escrow" "less of the asset is held in escrow than the call releases"
    28 TooManyEvents "too_many_events" "the transaction reports more events than a receipt may hold"
    29 EventTooLong "event_too_long" "the transaction reports an event that is longer than an event may be"
    30 MalformedSystemCall "malformed_system_call" "the system call's bytes are not one of the module it names"
    31 SeedNotDue "seed_not_due" "a seed is given only in the first block after each interval"
    32 WrongSeed "wrong_seed" "the seed is not the proposer's signature for this epoch and view"
    33 UnknownAncestor "unknown_ancestor" "the attendance names a block that is not among the recent ancestors"
    34 AttendanceNotNew "attendance_not_new" "attendance was already counted up to this height"
    35 WrongCertificate "wrong_certificate" "the attendance's certificate is not a quorum's finalization of that ancestor"
    36 NoSystemCalls "no_system_calls" "the module takes no system calls"
    37 MalformedSignature "malformed_signature" "a signature has an r or s of zero or above the group order"
    38 NotSigned "not_signed" "a module would move an account's money, but the account signed no call that asks for it"
    39 NotAllowed "not_allowed" "a module would take more of an account than the genesis allows it in this span"
    40 NotBacker "not_backer" "the asset is backed by one module, which alone issues and burns it"
    41 WrongStart "wrong_start" "a protocol version starts as the next number, two epochs ahead at least, and while no other waits to start"
    42 CannotStart "cannot_start" "a module that a protocol version starts cannot begin here, so it does not run"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_module_and_the_number() {
        let reject = Reject::new(ModuleId(7), 3);
        assert_eq!((reject.code(), reject.module(), reject.number()), (0x0007_0003, ModuleId(7), 3));
        assert_eq!(KernelReject::NoCalls.code(), 3);
    }

    #[test]
    fn kernel_rejects_are_numbered_without_gaps_and_named_once() {
        let names: std::collections::BTreeSet<_> = KernelReject::ALL.iter().map(|reject| reject.name).collect();
        assert_eq!(names.len(), KernelReject::ALL.len());
        for (place, reject) in (1_u16..).zip(KernelReject::ALL) {
            assert_eq!(reject.number, place, "{}", reject.name);
        }
    }
}
