//! Questions about notes, and the typed functions that answer them.

use execution::{Argument, ArgumentKind, Module, ModuleQuery, ModuleView, QueryArguments, QueryError, SCAN_MAX, argument};
use serde_json::{Value, json};
use types::Address;

use crate::answers::{ModuleNameCount, ModuleNameNote};
use crate::keys;
use crate::record::{NoteRecord, decode, view};

/// What can be asked.
pub(crate) const QUERIES: &[ModuleQuery] = &[
    ModuleQuery { name: "count", about: "How many notes were ever written.", arguments: &[] },
    ModuleQuery {
        name: "note",
        about: "The note of an account.",
        arguments: &[Argument::required("address", ArgumentKind::Address, "the account")],
    },
];

/// Answers one question.
pub(crate) fn answer(state: &ModuleView<'_>, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
    match name {
        "count" => Ok(json!(count(state))),
        "note" => {
            let wrong = QueryError::Argument { argument: "address", expected: ArgumentKind::Address.expected() };
            let author: Address = argument(arguments, "address", ArgumentKind::Address)?.ok_or(wrong)?;
            let found = note(state, &author);
            found.map(|note| json!(note)).ok_or_else(|| QueryError::NotFound("the account left no note".to_owned()))
        }
        _ => Err(QueryError::Unknown(name.to_owned())),
    }
}

/// How many notes were ever written.
#[must_use]
pub fn count(state: &ModuleView<'_>) -> ModuleNameCount {
    ModuleNameCount { written: view(state, &keys::count()).unwrap_or_default() }
}

/// The note of an account.
#[must_use]
pub fn note(state: &ModuleView<'_>, author: &Address) -> Option<ModuleNameNote> {
    Some(shown(*author, view(state, &keys::note(author))?))
}

/// The key under which the state holds an account's note, with the module's number in front: what a proof is asked for.
#[must_use]
pub fn note_key(author: &Address) -> Vec<u8> {
    execution::keys::of_module(crate::ModuleName::ID, &keys::note(author))
}

/// A note from the bytes that a proof shows under [`note_key`]; nothing if they are none.
#[must_use]
pub fn read_note(author: Address, bytes: &[u8]) -> Option<ModuleNameNote> {
    borsh::from_slice(bytes).ok().map(|record| shown(author, record))
}

fn shown(author: Address, record: NoteRecord) -> ModuleNameNote {
    let NoteRecord { text, time, written } = record;
    ModuleNameNote { author, text: String::from_utf8_lossy(&text).into_owned(), time, written }
}

/// As many notes were written as their authors' counts add up to. Slow: it reads every note.
pub(crate) fn check_count(state: &ModuleView<'_>) -> Result<(), String> {
    let (mut sum, mut from) = (0_u64, keys::notes().to_vec());
    loop {
        let page = state.scan(&keys::notes(), &from, SCAN_MAX);
        let Some((last, _)) = page.last() else { break };
        from = [last.as_slice(), &[0]].concat();
        sum = page.iter().fold(sum, |sum, (_, value)| sum.saturating_add(decode::<NoteRecord>(value).written));
    }
    let ModuleNameCount { written } = count(state);
    if sum == written { Ok(()) } else { Err(format!("{written} notes are counted, and their authors wrote {sum}")) }
}
