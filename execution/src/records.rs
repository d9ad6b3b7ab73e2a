//! The values under the kernel's keys.
//!
//! They must not know how they are read or changed. Invariant: a record that says nothing (no THR and no nonce, a balance of zero)
//! is not stored, so that state has one form.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{
    Amount, ChainId, Epoch, Hash32, Height, List, ModuleId, Network, Nonce, Parameters, ProtocolVersion, TimeMs, limits,
};

use crate::keys;
use crate::short_bytes::ShortBytes;
use crate::view::StateView;

/// What never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainRecord {
    /// The chain.
    pub chain_id: ChainId,
    /// Which address prefix it uses.
    pub network: Network,
    /// Rules in numbers.
    pub parameters: Parameters,
}

/// The newest block, and what the next block's validity needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tip {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// Its time.
    pub time: TimeMs,
    /// Whether it is its epoch's last block.
    pub is_last: bool,
    /// Commits to its receipts.
    pub receipts_root: Hash32,
    /// Weight above the target, from which the next price follows.
    pub excess: u64,
}

/// The epoch to which the next block belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EpochRecord {
    /// Its number.
    pub number: Epoch,
    /// The time of the previous epoch's last block.
    pub start: TimeMs,
    /// The rules that hold in it.
    pub version: ProtocolVersion,
    /// The hash of its validator set.
    pub validators_hash: Hash32,
    /// The hash of the validator set after it.
    pub next_validators_hash: Hash32,
}

/// Which modules run: those with a section in the genesis, and those that a protocol version started.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RunningRecord {
    /// Their numbers, rising.
    pub modules: Vec<ModuleId>,
}

impl RunningRecord {
    /// Whether a module runs.
    #[must_use]
    pub fn has(&self, module: ModuleId) -> bool {
        self.modules.binary_search(&module).is_ok()
    }
}

/// What a module may take of an account in the present span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AllowanceRecord {
    /// Most per span, in millionths of what the account holds when the span's first part is taken.
    pub share_ppm: u32,
    /// How long a span is, in milliseconds.
    pub span_ms: u64,
    /// When spans begin to count.
    pub from: TimeMs,
    /// The number of the span in which something was taken last.
    pub span: u64,
    /// What is left of it.
    pub left: Amount,
}

impl AllowanceRecord {
    /// What may be taken in a span that begins with this balance.
    pub(crate) fn share_of(&self, balance: Amount) -> Amount {
        let (whole, rest) = (balance.0 / 1_000_000, balance.0 % 1_000_000);
        let share = u128::from(self.share_ppm.min(1_000_000));
        let of_rest = rest.saturating_mul(share) / 1_000_000;
        Amount(whole.saturating_mul(share).saturating_add(of_rest))
    }
}

/// The protocol version that was fixed last, and when it begins.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VersionStart {
    /// The version.
    pub version: ProtocolVersion,
    /// The first epoch that it rules.
    pub epoch: Epoch,
    /// Hashes of releases that know it, for operators.
    pub releases: List<Hash32, { limits::RELEASES_MAX }>,
}

/// Randomness that nobody can grind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SeedRecord {
    /// The mix of all signatures so far.
    pub mix: Hash32,
    /// The time of the block that gave the last one.
    pub time: TimeMs,
}

/// A recent block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ancestor {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// Its time.
    pub time: TimeMs,
    /// Its epoch.
    pub epoch: Epoch,
}

/// What every transfer touches once per side: nonce and THR in one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccountRecord {
    /// How many transactions the account has had included.
    pub nonce: Nonce,
    /// Its THR, in µTHR.
    pub thr: Amount,
}

/// What was ever issued and burned of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Supply {
    /// Most that may ever be issued.
    pub cap: Amount,
    /// Everything ever issued, the genesis included; never lowered.
    pub issued: Amount,
    /// Everything ever burned.
    pub burned: Amount,
    /// The one module that issues and burns it, if it is backed by one.
    pub backer: Option<ModuleId>,
}

/// Up to which height attendance is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AttendanceRecord {
    /// The height of the newest block whose certificate was counted.
    pub height: Height,
}

/// How often each validator of an epoch attended.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AttendedRecord {
    /// Certificates counted.
    pub certificates: u64,
    /// In how many of them each validator signed, in order of the set.
    pub signed: Vec<u64>,
}

impl Supply {
    /// Of an asset of which nothing is issued yet.
    #[must_use]
    pub const fn empty(cap: Amount) -> Self {
        Self { cap, issued: Amount::ZERO, burned: Amount::ZERO, backer: None }
    }

    /// What exists: issued less burned.
    #[must_use]
    pub const fn circulating(&self) -> Amount {
        Amount(self.issued.0.saturating_sub(self.burned.0))
    }

    /// What may still be issued.
    #[must_use]
    pub const fn issuable(&self) -> Amount {
        Amount(self.cap.0.saturating_sub(self.issued.0))
    }
}

/// Reads a record that the kernel wrote.
pub(crate) fn decode<T: BorshDeserialize>(bytes: &[u8]) -> T {
    T::try_from_slice(bytes).expect("the kernel's keys hold what the kernel wrote")
}

/// The bytes of a record.
pub(crate) fn encode<T: BorshSerialize>(record: &T) -> ShortBytes {
    ShortBytes::of(record)
}

/// Reads the record under a key, if there is one.
pub(crate) fn read<T: BorshDeserialize>(view: &dyn StateView, key: &[u8]) -> Option<T> {
    view.get(key).map(|bytes| decode(&bytes))
}

/// Reads a record that is there from the genesis on.
pub(crate) fn read_present<T: BorshDeserialize>(view: &dyn StateView, key: &[u8]) -> T {
    read(view, key).expect("the genesis wrote this record, and no block removes it")
}

/// The block at `height`, if it is among the last [`keys::ANCESTORS_MAX`].
pub(crate) fn ancestor(view: &dyn StateView, height: Height) -> Option<Ancestor> {
    read(view, &keys::ancestor(height)).filter(|ancestor: &Ancestor| ancestor.height == height)
}
