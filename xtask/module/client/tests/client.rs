//! The verbs: they are understood, and a note that could never be taken is refused before anybody is asked.

use clap::{Command, FromArgMatches, Subcommand};
use module_name::NOTE_BYTES_MAX;
use module_name_client::{ModuleNameVerb, ModuleNameVerbs, note_call};

fn typed(words: &[&str]) -> Result<ModuleNameVerbs, clap::Error> {
    let program = ModuleNameVerbs::augment_subcommands(Command::new("thronos").subcommand_required(true));
    ModuleNameVerbs::from_arg_matches(&program.try_get_matches_from(words)?)
}

#[test]
fn both_verbs_are_understood() {
    ModuleNameVerbs::augment_subcommands(Command::new("thronos")).debug_assert();
    let write = typed(&["thronos", "module-name", "write", "hello", "--from", "alice"]);
    assert!(matches!(write, Ok(ModuleNameVerbs::ModuleName(ModuleNameVerb::Write(_)))));
    let read = typed(&["thronos", "module-name", "read", "alice"]);
    assert!(matches!(read, Ok(ModuleNameVerbs::ModuleName(ModuleNameVerb::Read(_)))));
    assert!(typed(&["thronos", "module-name", "write", "hello"]).is_err(), "who signs must be named");
}

#[test]
fn a_note_that_no_block_would_take_is_refused_by_its_name() {
    let code = |text: &str| note_call(text).expect_err("it is refused").code;
    assert_eq!(code(""), "empty_note");
    assert_eq!(code("two\nlines"), "malformed_note");
    assert_eq!(code(&"n".repeat(NOTE_BYTES_MAX + 1)), "note_too_long");
    assert!(note_call(&"n".repeat(NOTE_BYTES_MAX)).is_ok());
}
