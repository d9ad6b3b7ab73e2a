//! The contract between the kernel and a module of the chain.
//!
//! It must not know any module. A module implements [`Module`] with its own types; the kernel holds it as [`AnyModule`], which
//! speaks bytes. Invariants that a module keeps: everything it does follows from its arguments; every reject has a stable code;
//! it never assumes that a block is final.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crypto::tags::Tag;
use serde::Serialize;
use types::{Address, AssetId, Canonical, ModuleId, ProtocolVersion, TimeMs, ValidatorSet, Weight};

use crate::budget::Budget;
use crate::context::{BlockInfo, Context, ModuleView};
use crate::genesis::GenesisError;
use crate::records::VersionStart;
use crate::reject::{KernelReject, Reject, RejectDescription};
use crate::section::{Section, SectionRules, SectionType};
use crate::short_bytes::ShortBytes;
use crate::words::{EventKind, ModuleQuery, Words};

/// Named values of a query, as they stand in a URL.
pub type QueryArguments = BTreeMap<String, String>;

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No module or no query has this name.
    #[error("there is no query `{0}`")]
    Unknown(String),
    /// An argument is missing or not understood.
    #[error("the argument `{argument}` is missing or wrong: expected {expected}")]
    Argument {
        /// Its name.
        argument: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The question takes no such argument.
    #[error("there is no argument `{argument}`{hint}")]
    UnknownArgument {
        /// Its name.
        argument: String,
        /// What was probably meant, if that can be told.
        hint: String,
    },
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
}

/// What a module answers about a system call that it admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// What executing it costs.
    pub weight: Weight,
    /// Of all with the same key only one may stand in a block.
    pub key: ShortBytes,
    /// After this block time it is refused.
    pub expiry: TimeMs,
    /// Higher goes first when a proposer has to choose.
    pub priority: u32,
}

/// Judges a module's system calls by their proofs, each by itself, for one block.
pub trait Judge {
    /// Judges one.
    ///
    /// # Errors
    /// Why it is not admitted; it then makes a block invalid.
    fn admit(&mut self, call: &[u8]) -> Result<Admission, Reject>;
}

impl<F: FnMut(&[u8]) -> Result<Admission, Reject>> Judge for F {
    fn admit(&mut self, call: &[u8]) -> Result<Admission, Reject> {
        self(call)
    }
}

/// An asset that one module alone issues and burns, and what must exist of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backed {
    /// The asset; never THR.
    pub asset: AssetId,
    /// The module's key with the figure, an [`types::Amount`]; absent it is zero. After every block there is exactly so much of the asset.
    pub figure: &'static [u8],
}

/// One rule set of the chain.
pub trait Module: Send + Sync + 'static {
    /// Its number, above 0.
    const ID: ModuleId;
    /// Its name, as routes, logs and people write it.
    const NAME: &'static str;
    /// Its rejects in order of their numbers.
    const REJECTS: &'static [RejectDescription];
    /// Most of its system calls in one block.
    const SYSTEM_CALLS_PER_BLOCK_MAX: usize = 0;
    /// Most bytes of its system calls in one block.
    const SYSTEM_BYTES_PER_BLOCK_MAX: usize = 0;
    /// The questions it answers.
    const QUERIES: &'static [ModuleQuery] = &[];
    /// The kinds of events it reports, by name.
    const EVENTS: &'static [EventKind] = &[];
    /// The fields of its answers and events that are accounts: rules know no network, and whoever shows them writes addresses there.
    const ACCOUNTS: &'static [&'static str] = &[];
    /// The assets that it alone issues and burns. Each is opened before the module begins or by its own genesis, and a genesis funds
    /// none of them.
    const BACKED: &'static [Backed] = &[];
    /// The domain tags of what it hashes or has signed.
    const TAGS: &'static [Tag] = &[];
    /// The protocol version that starts it on a chain whose genesis does not, with the defaults of its section.
    const STARTS_WITH: Option<ProtocolVersion> = None;
    /// Whether it says which protocol version begins when; of a registry's modules at most one does.
    const STARTS_VERSIONS: bool = false;
    /// Whether it decides about validator sets; of a registry's modules at most one does.
    const CHOOSES_VALIDATORS: bool = false;
    /// What it begins with: its section of the genesis.
    type Genesis: Section;
    /// What a transaction may ask of it.
    type Call: Canonical + Serialize;

    /// Writes its first state, the numbers of its section among it.
    ///
    /// # Errors
    /// What the state cannot begin with.
    fn genesis(&self, section: Self::Genesis, context: &mut Context<'_, '_>) -> Result<(), GenesisError>;

    /// Judges a call without state, and declares its weight.
    ///
    /// # Errors
    /// The reject that the call would always meet.
    fn check(&self, call: &Self::Call) -> Result<Weight, Reject>;

    /// One sentence about a call, for who is to sign it. Text of others in it is escaped.
    fn say(&self, call: &Self::Call, words: &dyn Words) -> String;

    /// Carries out a call. A reject discards what the transaction wrote; its fee stays paid.
    ///
    /// # Errors
    /// Why the state does not allow it.
    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: Self::Call) -> Result<(), Reject>;

    /// Runs before the calls of a block. A reject discards what it wrote and is reported in the block's receipt.
    ///
    /// # Errors
    /// Why it could not do its work.
    fn begin_block(&self, _context: &mut Context<'_, '_>, _budget: &mut Budget) -> Result<(), Reject> {
        Ok(())
    }

    /// Runs after the calls of a block, under the same terms.
    ///
    /// # Errors
    /// Why it could not do its work.
    fn end_block(&self, _context: &mut Context<'_, '_>, _budget: &mut Budget) -> Result<(), Reject> {
        Ok(())
    }

    /// Runs after everything else of an epoch's last block, if it decides about sets: who votes in the epoch after the next. The
    /// set goes on as it is where it has no answer or a reject. That members possess their keys is the module's to see to.
    ///
    /// # Errors
    /// Why it could not do its work.
    fn next_validators(
        &self,
        _context: &mut Context<'_, '_>,
        _budget: &mut Budget,
    ) -> Result<Option<ValidatorSet>, Reject> {
        Ok(None)
    }

    /// Runs in an epoch's last block, if it starts protocol versions: which version begins, and with which epoch, two after the one that
    /// ends or later. What is fixed stays.
    ///
    /// # Errors
    /// Why it could not do its work.
    fn start_version(&self, _context: &mut Context<'_, '_>) -> Result<Option<VersionStart>, Reject> {
        Ok(None)
    }

    /// Checks after every block, in all builds, what must hold; so it reads a few keys and no more. What it writes is discarded. A
    /// breach stops the machine.
    ///
    /// # Errors
    /// What does not hold.
    fn audit(&self, _context: &mut Context<'_, '_>) -> Result<(), &'static str> {
        Ok(())
    }

    /// Answers an entry of the wake queue, which is then gone; returns the weight of what it did.
    ///
    /// # Errors
    /// Why it could not do its work.
    fn wake(&self, _context: &mut Context<'_, '_>, _key: &[u8]) -> Result<Weight, Reject> {
        Ok(Weight::ZERO)
    }

    /// Begins to judge system calls for a block, against the state after its parent. What is the same for all of them is read here,
    /// once.
    fn judge<'a>(&'a self, _view: ModuleView<'a>, _block: &'a BlockInfo) -> Box<dyn Judge + 'a> {
        Box::new(|_: &[u8]| Err(KernelReject::NoSystemCalls.into()))
    }

    /// Carries out an admitted system call. A reject discards what it wrote and is reported in the block's receipt.
    ///
    /// # Errors
    /// Why the state, as the block has changed it so far, does not allow it.
    fn execute_system(&self, _context: &mut Context<'_, '_>, _call: &[u8]) -> Result<(), Reject> {
        Err(KernelReject::NoSystemCalls.into())
    }

    /// Checks what must hold after every block; for tests and simulation, so it may be slow.
    ///
    /// # Errors
    /// What does not hold.
    fn invariant(&self, _view: &ModuleView<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Answers a question of [`Module::QUERIES`] about its state; names and forms of the arguments are checked.
    ///
    /// # Errors
    /// [`QueryError`].
    fn query(
        &self,
        _view: &ModuleView<'_>,
        name: &str,
        _arguments: &QueryArguments,
    ) -> Result<serde_json::Value, QueryError> {
        Err(QueryError::Unknown(name.to_owned()))
    }

    /// An event of this module for people; `None` if it has no such event.
    fn describe_event(&self, _kind: u16, _body: &[u8]) -> Option<serde_json::Value> {
        None
    }

    /// One sentence about an event that tells what no call says, such as an amount that only the state knew; `None` for any other.
    /// Text of others in it is escaped.
    fn say_event(&self, _kind: u16, _body: &[u8], _words: &dyn Words) -> Option<String> {
        None
    }
}

/// A module as the kernel holds it. Implemented for every [`Module`]; nothing else should implement it.
pub trait AnyModule: Send + Sync {
    /// [`Module::ID`].
    fn id(&self) -> ModuleId;
    /// [`Module::NAME`].
    fn name(&self) -> &'static str;
    /// [`Module::REJECTS`].
    fn rejects(&self) -> &'static [RejectDescription];
    /// [`Module::SYSTEM_CALLS_PER_BLOCK_MAX`] and [`Module::SYSTEM_BYTES_PER_BLOCK_MAX`].
    fn system_limits(&self) -> (usize, usize);
    /// The type [`Module::Genesis`].
    fn section(&self) -> &'static dyn SectionRules;
    /// Decodes a section and gives it to [`Module::genesis`].
    ///
    /// # Errors
    /// As there, and malformed bytes.
    fn genesis(&self, section: &[u8], context: &mut Context<'_, '_>) -> Result<(), GenesisError>;
    /// Decodes a call and gives it to [`Module::check`].
    ///
    /// # Errors
    /// As there, and malformed bytes.
    fn check(&self, call: &[u8]) -> Result<Weight, Reject>;
    /// [`Module::QUERIES`].
    fn queries(&self) -> &'static [ModuleQuery];
    /// [`Module::EVENTS`].
    fn events(&self) -> &'static [EventKind];
    /// [`Module::ACCOUNTS`].
    fn accounts(&self) -> &'static [&'static str];
    /// Decodes a call and gives it to [`Module::say`]; `None` if the bytes are no call.
    fn say(&self, call: &[u8], words: &dyn Words) -> Option<String>;
    /// Decodes a call and gives it to [`Module::execute`].
    ///
    /// # Errors
    /// As there, and malformed bytes.
    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: &[u8]) -> Result<(), Reject>;
    /// [`Module::begin_block`].
    ///
    /// # Errors
    /// As there.
    fn begin_block(&self, context: &mut Context<'_, '_>, budget: &mut Budget) -> Result<(), Reject>;
    /// [`Module::end_block`].
    ///
    /// # Errors
    /// As there.
    fn end_block(&self, context: &mut Context<'_, '_>, budget: &mut Budget) -> Result<(), Reject>;
    /// [`Module::BACKED`].
    fn backed(&self) -> &'static [Backed];
    /// [`Module::TAGS`].
    fn tags(&self) -> &'static [Tag];
    /// [`Module::STARTS_WITH`].
    fn starts_with(&self) -> Option<ProtocolVersion>;
    /// [`Module::STARTS_VERSIONS`].
    fn starts_versions(&self) -> bool;
    /// [`Module::start_version`].
    ///
    /// # Errors
    /// As there.
    fn start_version(&self, context: &mut Context<'_, '_>) -> Result<Option<VersionStart>, Reject>;
    /// [`Module::audit`].
    ///
    /// # Errors
    /// As there.
    fn audit(&self, context: &mut Context<'_, '_>) -> Result<(), &'static str>;
    /// [`Module::CHOOSES_VALIDATORS`].
    fn chooses_validators(&self) -> bool;
    /// [`Module::next_validators`].
    ///
    /// # Errors
    /// As there.
    fn next_validators(
        &self,
        context: &mut Context<'_, '_>,
        budget: &mut Budget,
    ) -> Result<Option<ValidatorSet>, Reject>;
    /// [`Module::wake`].
    ///
    /// # Errors
    /// As there.
    fn wake(&self, context: &mut Context<'_, '_>, key: &[u8]) -> Result<Weight, Reject>;
    /// [`Module::judge`].
    fn judge<'a>(&'a self, view: ModuleView<'a>, block: &'a BlockInfo) -> Box<dyn Judge + 'a>;
    /// [`Module::execute_system`].
    ///
    /// # Errors
    /// As there.
    fn execute_system(&self, context: &mut Context<'_, '_>, call: &[u8]) -> Result<(), Reject>;
    /// [`Module::invariant`].
    ///
    /// # Errors
    /// As there.
    fn invariant(&self, view: &ModuleView<'_>) -> Result<(), String>;
    /// [`Module::query`].
    ///
    /// # Errors
    /// As there.
    fn query(
        &self,
        view: &ModuleView<'_>,
        name: &str,
        arguments: &QueryArguments,
    ) -> Result<serde_json::Value, QueryError>;
    /// A call of this module for people; `None` if the bytes are no call.
    fn describe_call(&self, call: &[u8]) -> Option<serde_json::Value>;
    /// [`Module::describe_event`].
    fn describe_event(&self, kind: u16, body: &[u8]) -> Option<serde_json::Value>;
    /// [`Module::say_event`].
    fn say_event(&self, kind: u16, body: &[u8], words: &dyn Words) -> Option<String>;
}

impl<M: Module> AnyModule for M {
    fn id(&self) -> ModuleId {
        M::ID
    }

    fn name(&self) -> &'static str {
        M::NAME
    }

    fn rejects(&self) -> &'static [RejectDescription] {
        M::REJECTS
    }

    fn system_limits(&self) -> (usize, usize) {
        (M::SYSTEM_CALLS_PER_BLOCK_MAX, M::SYSTEM_BYTES_PER_BLOCK_MAX)
    }

    fn section(&self) -> &'static dyn SectionRules {
        const { &SectionType::<M::Genesis>(PhantomData) }
    }

    fn genesis(&self, section: &[u8], context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        let unread = |error| GenesisError::Module(format!("{}: {error}", M::NAME));
        Module::genesis(self, M::Genesis::from_canonical(section).map_err(unread)?, context)
    }

    fn check(&self, call: &[u8]) -> Result<Weight, Reject> {
        Module::check(self, &decode_call::<M>(call)?)
    }

    fn queries(&self) -> &'static [ModuleQuery] {
        M::QUERIES
    }

    fn events(&self) -> &'static [EventKind] {
        M::EVENTS
    }

    fn accounts(&self) -> &'static [&'static str] {
        M::ACCOUNTS
    }

    fn say(&self, call: &[u8], words: &dyn Words) -> Option<String> {
        Some(Module::say(self, &decode_call::<M>(call).ok()?, words))
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: &[u8]) -> Result<(), Reject> {
        Module::execute(self, context, sender, decode_call::<M>(call)?)
    }

    fn begin_block(&self, context: &mut Context<'_, '_>, budget: &mut Budget) -> Result<(), Reject> {
        Module::begin_block(self, context, budget)
    }

    fn end_block(&self, context: &mut Context<'_, '_>, budget: &mut Budget) -> Result<(), Reject> {
        Module::end_block(self, context, budget)
    }

    fn backed(&self) -> &'static [Backed] {
        M::BACKED
    }

    fn tags(&self) -> &'static [Tag] {
        M::TAGS
    }

    fn starts_with(&self) -> Option<ProtocolVersion> {
        M::STARTS_WITH
    }

    fn starts_versions(&self) -> bool {
        M::STARTS_VERSIONS
    }

    fn start_version(&self, context: &mut Context<'_, '_>) -> Result<Option<VersionStart>, Reject> {
        Module::start_version(self, context)
    }

    fn audit(&self, context: &mut Context<'_, '_>) -> Result<(), &'static str> {
        Module::audit(self, context)
    }

    fn chooses_validators(&self) -> bool {
        M::CHOOSES_VALIDATORS
    }

    fn next_validators(
        &self,
        context: &mut Context<'_, '_>,
        budget: &mut Budget,
    ) -> Result<Option<ValidatorSet>, Reject> {
        Module::next_validators(self, context, budget)
    }

    fn wake(&self, context: &mut Context<'_, '_>, key: &[u8]) -> Result<Weight, Reject> {
        Module::wake(self, context, key)
    }

    fn judge<'a>(&'a self, view: ModuleView<'a>, block: &'a BlockInfo) -> Box<dyn Judge + 'a> {
        Module::judge(self, view, block)
    }

    fn execute_system(&self, context: &mut Context<'_, '_>, call: &[u8]) -> Result<(), Reject> {
        Module::execute_system(self, context, call)
    }

    fn invariant(&self, view: &ModuleView<'_>) -> Result<(), String> {
        Module::invariant(self, view)
    }

    fn query(
        &self,
        view: &ModuleView<'_>,
        name: &str,
        arguments: &QueryArguments,
    ) -> Result<serde_json::Value, QueryError> {
        Module::query(self, view, name, arguments)
    }

    fn describe_call(&self, call: &[u8]) -> Option<serde_json::Value> {
        serde_json::to_value(decode_call::<M>(call).ok()?).ok()
    }

    fn describe_event(&self, kind: u16, body: &[u8]) -> Option<serde_json::Value> {
        Module::describe_event(self, kind, body)
    }

    fn say_event(&self, kind: u16, body: &[u8], words: &dyn Words) -> Option<String> {
        Module::say_event(self, kind, body, words)
    }
}

fn decode_call<M: Module>(bytes: &[u8]) -> Result<M::Call, Reject> {
    M::Call::from_canonical(bytes).map_err(|_| KernelReject::MalformedCall.into())
}
