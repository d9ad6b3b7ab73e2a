//! Why a genesis is refused, in sentences that name the place, the value and what to do.

use types::AddressError;

/// Why a genesis is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Not the JSON of a genesis: syntax, an unknown or missing key, a value of another kind.
    #[error("the genesis file cannot be read: {0}. Correct the file, or fetch it again from a node you trust")]
    Malformed(String),
    /// Longer than any genesis.
    #[error("the genesis file has {bytes} bytes, at most {bytes_max} are allowed")]
    TooLong {
        /// Length of the text.
        bytes: usize,
        /// The most that is read.
        bytes_max: usize,
    },
    /// A list with more entries than the format holds.
    #[error("`{place}` has {count} entries, at most {count_max} are allowed")]
    TooMany {
        /// The list.
        place: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        count_max: usize,
    },
    /// A text that is no address of the file's network.
    #[error("`{place}` is `{text}`: {error}")]
    Address {
        /// Where it stands.
        place: String,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        error: AddressError,
    },
    /// A number or name outside its rule.
    #[error("`{place}` is {value}: {rule}")]
    Parameter {
        /// Where it stands.
        place: &'static str,
        /// What stands there.
        value: String,
        /// What the rule is.
        rule: &'static str,
    },
    /// A section of a module, or something in it, outside its rule.
    #[error("`{place}` is {value}: {rule}")]
    Section {
        /// `modules.NAME` and the key.
        place: String,
        /// What stands there.
        value: String,
        /// What the rule is.
        rule: String,
    },
    /// A section of a module that cannot be read.
    #[error("`{place}`: {why}")]
    Unread {
        /// `modules.NAME` and the key, as far as that can be told.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Nobody could ever vote.
    #[error(
        "the genesis has no validators, so no quorum can ever form: add at least one, and four to tolerate a fault"
    )]
    NoValidators,
    /// Two validators share what must be their own.
    #[error(
        "`validators[{first}]` and `validators[{second}]` have the same {what} {value}: every validator needs its own"
    )]
    DuplicateValidator {
        /// The earlier one.
        first: usize,
        /// The later one.
        second: usize,
        /// `key`, `peer` or `account`.
        what: &'static str,
        /// What they share.
        value: String,
    },
    /// Power of nothing, or more than the arithmetic of quorums carries.
    #[error(
        "`validators[{place}].power` is {power}: it must be above zero, and the power of all validators below 2^60"
    )]
    Power {
        /// The validator.
        place: usize,
        /// Its power.
        power: u64,
    },
    /// The proof of possession does not prove it.
    #[error(
        "`validators[{place}]` has no valid proof of possession for the key {key}: \
         take `key` and `possession` from the same node, as its operator printed them"
    )]
    Possession {
        /// The validator.
        place: usize,
        /// Its key.
        key: String,
    },
    /// Entries out of order, which would give one genesis several ids.
    #[error("`{list}[{place}]` stands out of order or twice: sort by {by} and keep each once")]
    Order {
        /// The list.
        list: &'static str,
        /// The first entry that is wrong.
        place: usize,
        /// What the list is sorted by.
        by: &'static str,
    },
    /// A grant or an allowance that cannot be.
    #[error("`{list}[{place}]`: {rule}")]
    Entry {
        /// `grants` or `allowances`.
        list: &'static str,
        /// The entry.
        place: usize,
        /// What is wrong.
        rule: &'static str,
    },
    /// A section, a grant or an allowance of a module that is not there.
    #[error("`{place}`: there is no module `{name}` in this program{hint}")]
    NoModule {
        /// Where it stands.
        place: String,
        /// What it is called.
        name: String,
        /// What was probably meant, if that can be told.
        hint: String,
    },
    /// A balance that cannot be.
    #[error("`balances[{place}]` (account {address}, asset {asset}): {rule}")]
    Balance {
        /// The entry.
        place: usize,
        /// The account, as text.
        address: String,
        /// The asset.
        asset: u64,
        /// What is wrong.
        rule: &'static str,
    },
    /// More is given out than may ever exist.
    #[error(
        "balances and grants give out {total} base units of asset {asset}, its cap is {cap}: lower them{}",
        raisable(*asset)
    )]
    CapExceeded {
        /// The asset.
        asset: u64,
        /// The sum of its balances; the largest number when the sum does not fit 128 bits.
        total: u128,
        /// What may ever be issued.
        cap: u128,
    },
}

/// What else than the balances may be changed; the caps of VIBE and WBTC are the chain's.
const fn raisable(asset: u64) -> &'static str {
    match asset {
        0 => " or, on a test network, raise `parameters.thr_cap`",
        1 | 2 => "",
        _ => " or raise the asset's cap",
    }
}

impl GenesisError {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Unread { .. } => "genesis_malformed",
            Self::TooLong { .. } => "genesis_too_long",
            Self::TooMany { .. } => "genesis_too_many",
            Self::Address { .. } => "genesis_address",
            Self::Parameter { .. } | Self::Section { .. } => "genesis_parameter",
            Self::NoValidators => "genesis_without_quorum",
            Self::DuplicateValidator { .. } => "genesis_duplicate_validator",
            Self::Power { .. } => "genesis_power",
            Self::Possession { .. } => "genesis_possession",
            Self::Order { .. } => "genesis_order",
            Self::Entry { .. } => "genesis_entry",
            Self::NoModule { .. } => "genesis_module",
            Self::Balance { .. } => "genesis_balance",
            Self::CapExceeded { .. } => "genesis_cap_exceeded",
        }
    }
}

impl From<execution::SectionError> for GenesisError {
    fn from(error: execution::SectionError) -> Self {
        let execution::SectionError { place, value, rule } = error;
        Self::Section { place, value, rule }
    }
}
