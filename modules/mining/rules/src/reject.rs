//! Why this module rejects a call or a proof. Numbers are stable; what the ledger rejects has codes of the kernel.

use pow::CoinbaseError;
use types::ModuleId;

execution::rejects! {
    /// What this module rejects.
    pub enum MiningReject of ModuleId(3);
    1 MalformedProof "malformed_proof" "the bytes are not a header, an anchor, a coinbase and a Merkle branch"
    2 UnknownPrevious "unknown_previous" "the header builds neither on the last accepted work nor on the one before it"
    3 WrongBits "wrong_bits" "the header's nBits are not those of its work height"
    4 UnknownAnchor "unknown_anchor" "the proof names a block that is not among the recent ancestors"
    5 AnchorTooOld "anchor_too_old" "the block that the proof names is older than a proof may be"
    6 TimeTooEarly "time_too_early" "the header's time is too long before that of the block it names"
    7 TimeTooLate "time_too_late" "the header's time is too far ahead of the block's"
    8 SharesFull "shares_full" "as many shares as a work height may have were counted already"
    9 AboveTarget "above_target" "the header's hash is above the target of a share"
    10 TooSoon "too_soon" "too little time has passed since the last work: the proof may come again a little later"
    11 Duplicate "duplicate" "this header was counted already"
    12 WrongRoot "wrong_root" "coinbase and branch do not lead to the header's Merkle root"
    13 OtherCommitment "other_commitment" "the coinbase binds another chain, work height, payee or block than the proof is for"
    14 WrongHeight "wrong_height" "the coinbase's script names another work height than the header is for"
    15 CoinbaseTooLong "coinbase_too_long" "the coinbase is longer than a coinbase may be"
    16 CoinbaseTruncated "coinbase_truncated" "the coinbase ends in the middle of a field"
    17 CoinbaseVersion "coinbase_version" "the coinbase's version is neither 1 nor 2"
    18 CoinbaseWitness "coinbase_witness" "the coinbase carries a witness or has no input"
    19 CoinbaseInputs "coinbase_inputs" "the coinbase has more than one input"
    20 CoinbaseOutpoint "coinbase_outpoint" "the coinbase's input does not have the null outpoint"
    21 CoinbaseScript "coinbase_script" "the coinbase's input script does not have 2 to 100 bytes"
    22 CoinbaseHeight "coinbase_height" "the coinbase's input script does not begin with a work height in its shortest form"
    23 CoinbaseOutputs "coinbase_outputs" "the coinbase has no output or more than 4"
    24 NoCommitment "no_commitment" "the coinbase has no output that says for which chain and whom the work was done"
    25 SecondCommitment "second_commitment" "the coinbase has more than one commitment"
    26 CommitmentValue "commitment_value" "the coinbase's commitment carries a value: it must be zero"
    27 CoinbaseLockTime "coinbase_lock_time" "the coinbase has a lock time: it must be zero"
    28 CoinbaseTrailing "coinbase_trailing" "the coinbase is followed by bytes that do not belong to it"
    29 NothingToClaim "nothing_to_claim" "the account has earned less than one µTHR from the window since its last claim"
    30 AnotherWork "another_work" "the block already holds a work"
}

impl From<CoinbaseError> for MiningReject {
    fn from(error: CoinbaseError) -> Self {
        match error {
            CoinbaseError::TooLong(_) | CoinbaseError::Tag(_) => Self::CoinbaseTooLong,
            CoinbaseError::Truncated => Self::CoinbaseTruncated,
            CoinbaseError::Version(_) => Self::CoinbaseVersion,
            CoinbaseError::Witness => Self::CoinbaseWitness,
            CoinbaseError::Inputs(_) => Self::CoinbaseInputs,
            CoinbaseError::Outpoint => Self::CoinbaseOutpoint,
            CoinbaseError::ScriptLength(_) => Self::CoinbaseScript,
            CoinbaseError::Height => Self::CoinbaseHeight,
            CoinbaseError::Outputs(_) => Self::CoinbaseOutputs,
            CoinbaseError::NoCommitment => Self::NoCommitment,
            CoinbaseError::SecondCommitment => Self::SecondCommitment,
            CoinbaseError::Value => Self::CommitmentValue,
            CoinbaseError::LockTime => Self::CoinbaseLockTime,
            CoinbaseError::Trailing(_) => Self::CoinbaseTrailing,
        }
    }
}
