//! A service's own account, as the service sees it. `node` implements it over the outbox, a log and a key.
//!
//! It must not know keys, files or prices.

use types::{Address, Amount, Call, Hash32, Nonce};

use crate::chain::{Later, Refused};
use crate::outbox::{DeedEnd, DeedState, NotSent};

/// What a service declares that sends transactions by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountNeed {
    /// What it sends, for the comment of the setting that names the key's file.
    pub about: &'static str,
    /// The setting that names the file with the key's password.
    pub password_key: &'static str,
    /// What the operator does when others are seen to use the account's key, as a sentence without its end that names the command.
    pub when_held: &'static str,
}

/// Why it is not known how a deed ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeedError {
    /// It was not begun.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The chain has used a nonce of the account that its log does not know. Nothing of the deed can be included, or it is asked again.
    #[error("another program sends from this account, or this home is an older copy: nothing more is sent for now")]
    Held,
    /// No block could ever hold it.
    #[error("no block could hold this transaction: {0}")]
    Impossible(Refused),
    /// The node stops. What was begun goes on with its next start: ask again then.
    #[error("the node is stopping; the transaction goes on when it runs again")]
    Stopping,
}

/// Why calls would not be sent now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// As [`DeedError::Held`].
    #[error("{}", DeedError::Held)]
    Held,
    /// Another reason, in a sentence: it may pass.
    #[error("{0}")]
    Now(String),
}

/// What the log of an account knew at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// It was made with this start: what the account sent before, if anything, nobody knows.
    New,
    /// Nothing was sent.
    Unused,
    /// Something was sent, or is to be.
    Used,
}

/// A service's own account. What it sends it sends once, however often the node is stopped or killed.
pub trait ServiceAccount: Send + Sync + 'static {
    /// The account.
    fn address(&self) -> Address;

    /// THR that it owns after the newest final block, in µTHR; nothing before the first look.
    fn balance(&self) -> Option<Amount>;

    /// Why it sends nothing now, as the end of a sentence; nothing when it does.
    fn trouble(&self) -> Option<String>;

    /// What its log knew at the start.
    fn past(&self) -> Past;

    /// Lets it sign. Before that it signs nothing, so that a service can look first at what it left under way.
    fn begin(&self) -> Later<'_, ()>;

    /// The operator has compared what the account has sent up to this nonce with what it was to send: it goes on though others used its key.
    /// False, and nothing has changed, when the account was seen at another nonce since.
    fn trust(&self, seen: Nonce) -> Later<'_, bool>;

    /// Gives a deed up of which nothing can ever be included, or that is not known. False when it has ended, or may be included still;
    /// nothing while the node stops.
    fn abandon(&self, key: Hash32) -> Later<'_, Option<bool>>;

    /// Whether the chain has passed a nonce that its log does not know: another program uses the key, or the home is an older copy.
    /// Waits until this node has the newest blocks, and then signs nothing if so; nothing when the node stops before. It is looked for
    /// at each block after that too: see [`DeedError::Held`] and [`Unfit::Held`].
    fn is_used_elsewhere(&self) -> Later<'_, Option<bool>>;

    /// The account's nonce in the newest state that was looked at, whoever used it; nothing before the first look, and while the node stops.
    fn seen(&self) -> Later<'_, Option<Nonce>>;

    /// The nonce after the last that its log knows of; nothing while the node stops.
    fn known(&self) -> Later<'_, Option<Nonce>>;

    /// Whether these calls would be sent and executed now, for half of what a transaction may cost at most.
    ///
    /// # Errors
    /// Why not, or that the node stops.
    fn fits(&self, calls: Vec<Call>) -> Later<'_, Result<(), Unfit>>;

    /// The calls that pay these addresses in µTHR, as few as can be.
    fn payments(&self, to: &[(Address, Amount)]) -> Vec<Call>;

    /// Carries these calls out once for `key`, the caller's own name for the deed, and says how it ended: again for one that has
    /// ended before. For a name that is known the calls are those of the first time. Whoever drops this before it is ready loses nothing but the answer.
    fn send(&self, key: Hash32, calls: Vec<Call>) -> Later<'_, Result<DeedEnd, DeedError>>;

    /// How a deed stands; nothing for one that nobody asked for, or that is forgotten, and while the node stops.
    fn state_of(&self, key: Hash32) -> Later<'_, Option<DeedState>>;

    /// The caller has written down how a deed ended, and will not ask for it again.
    fn forget(&self, key: Hash32) -> Later<'_, ()>;
}
