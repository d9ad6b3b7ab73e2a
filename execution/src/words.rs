//! What modules say of themselves to people: which questions they answer, what they report, and what a call does.
//!
//! It must not know a module or a route. Routes, descriptions and commands follow from [`ModuleQuery`], and what is signed is said by
//! [`Registry::say_call`](crate::Registry::say_call); what cannot be said is not signed.

use serde::de::DeserializeOwned;
use serde_json::Value;
use types::{Address, Amount, AssetId, Call, Event, ModuleId, TimeMs, Weight};

use crate::event::KernelEvent;
use crate::module::{AnyModule, QueryArguments, QueryError};
use crate::query::KERNEL_NAME;
use crate::readable::nearest;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::system::KERNEL;

/// A question that a module answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleQuery {
    /// Its name, as it stands in a route: lower-case letters, digits and hyphens or underscores.
    pub name: &'static str,
    /// What it answers, in one sentence.
    pub about: &'static str,
    /// What it takes.
    pub arguments: &'static [Argument],
}

/// Something that a question takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it says, in a few words.
    pub about: &'static str,
    /// What it looks like.
    pub kind: ArgumentKind,
    /// Whether there is no answer without it.
    pub is_required: bool,
}

/// A kind of event that a module reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// Its number, which never changes.
    pub kind: u16,
    /// Its name, as JSON and routes write it: the one under which `describe_event` gives its fields.
    pub name: &'static str,
    /// What it tells, in one sentence.
    pub about: &'static str,
}

/// What an argument looks like as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A whole number in decimal, below 2^64.
    Number,
    /// An address in any of its forms.
    Address,
    /// 64 hexadecimal digits.
    Hash,
    /// Anything else.
    Text,
    /// A text of a form that the module reads itself, by the name that descriptions of the API have for it.
    Form(&'static str),
}

impl Argument {
    /// One that must be there.
    #[must_use]
    pub const fn required(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, about, kind, is_required: true }
    }

    /// One that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, about, kind, is_required: false }
    }
}

impl ArgumentKind {
    /// What it looks like, for people.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Number => "a whole number",
            Self::Address => "an address",
            Self::Hash => "64 hexadecimal digits",
            Self::Text | Self::Form(_) => "a text",
        }
    }

    /// Whether a text looks like it.
    #[must_use]
    pub fn is_met_by(self, text: &str) -> bool {
        let is = |json: Value| serde_json::from_value::<Address>(json).is_ok();
        match self {
            Self::Number => !text.starts_with('+') && text.parse::<u64>().is_ok(),
            Self::Address => is(Value::String(text.to_owned())),
            Self::Hash => text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Text | Self::Form(_) => true,
        }
    }
}

impl ModuleQuery {
    /// Checks names and forms of what was given, so that a module meets only what it described.
    ///
    /// # Errors
    /// [`QueryError::Argument`] or [`QueryError::UnknownArgument`].
    pub fn check(&self, arguments: &QueryArguments) -> Result<(), QueryError> {
        let names = || self.arguments.iter().map(|argument| argument.name);
        if let Some(unknown) = arguments.keys().find(|given| !names().any(|name| name == *given)) {
            let argument = unknown.chars().take(64).collect();
            return Err(QueryError::UnknownArgument { argument, hint: nearest(unknown, names()) });
        }
        for Argument { name, kind, is_required, .. } in self.arguments {
            let is_right = arguments.get(*name).map_or(!is_required, |text| kind.is_met_by(text));
            if !is_right {
                return Err(QueryError::Argument { argument: name, expected: kind.expected() });
            }
        }
        Ok(())
    }
}

/// The value of an argument; nothing if it is absent.
///
/// # Errors
/// It is not of this type, though it looks like one of the described kind.
pub fn argument<T: DeserializeOwned>(
    arguments: &QueryArguments,
    name: &'static str,
    kind: ArgumentKind,
) -> Result<Option<T>, QueryError> {
    let Some(text) = arguments.get(name) else { return Ok(None) };
    let wrong = QueryError::Argument { argument: name, expected: kind.expected() };
    let json = match kind {
        ArgumentKind::Number => text.parse::<u64>().map(Value::from).map_err(|_| wrong.clone())?,
        _ => Value::String(text.clone()),
    };
    serde_json::from_value(json).map(Some).map_err(|_| wrong)
}

/// How people write what a call is about.
pub trait Words {
    /// An account.
    fn address(&self, address: Address) -> String;
    /// An amount of an asset, with its name.
    fn amount(&self, asset: AssetId, amount: Amount) -> String;
    /// A time.
    fn time(&self, time: TimeMs) -> String;
}

impl Registry {
    /// Every question, with the name of who answers it, in order of the modules; the kernel's first.
    pub fn queries(&self) -> impl Iterator<Item = (&'static str, &'static ModuleQuery)> {
        let kernel = crate::query::KERNEL_QUERIES.iter().map(|query| (KERNEL_NAME, query));
        kernel.chain(self.modules().flat_map(|module| module.queries().iter().map(|query| (module.name(), query))))
    }

    /// The name of the first module that answers a question of this name.
    #[must_use]
    pub fn who_answers(&self, question: &str) -> Option<&'static str> {
        let mut answering = self.modules().filter(|module| module.queries().iter().any(|query| query.name == question));
        answering.next().map(|module| module.name())
    }

    /// Every kind of event that is described, with the number and the name of who reports it; the kernel's first.
    pub fn events(&self) -> impl Iterator<Item = (ModuleId, &'static str, &'static EventKind)> {
        let kernel = KernelEvent::KINDS.iter().map(|kind| (KERNEL, KERNEL_NAME, kind));
        let of_module = |module: &'_ dyn AnyModule| {
            let (id, name) = (module.id(), module.name());
            module.events().iter().map(move |kind| (id, name, kind))
        };
        kernel.chain(self.modules().flat_map(of_module))
    }

    /// One sentence about a call, for who is to sign it; nothing for a call that no module here understands.
    #[must_use]
    pub fn say_call(&self, call: &Call, words: &dyn Words) -> Option<String> {
        self.module(call.module)?.say(&call.body, words)
    }

    /// One sentence about an event that tells what no call says; nothing for any other, or one that no module here understands.
    #[must_use]
    pub fn say_event(&self, event: &Event, words: &dyn Words) -> Option<String> {
        self.module(event.module)?.say_event(event.kind, &event.body, words)
    }

    /// What a call declares to weigh.
    ///
    /// # Errors
    /// The reject that it would always meet; also when no module here understands it.
    pub fn weigh_call(&self, call: &Call) -> Result<Weight, Reject> {
        self.module(call.module).ok_or(KernelReject::UnknownModule)?.check(&call.body)
    }
}
