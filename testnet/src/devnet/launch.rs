//! Starting a program so that it cannot outlive this one.
//!
//! The kernel kills a child whose parent has ended only if the child asks for it. So this program starts itself again with a word
//! that nobody types; that process asks, makes sure that its parent still lives, and becomes the program that is meant.
//! The wish is bound to the thread that starts the child: it must be one that lives as long as the process.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use super::{Failure, Outcome};

/// Stands first on the command line of the process in between.
const WORD: &str = "become-a-child-of";

/// A command that runs `program` as a child that dies with this process.
///
/// # Errors
/// When this program's own file cannot be found.
pub fn below_this_process(program: &Path) -> Outcome<Command> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find this program's own file: {error}")))?;
    let mut command = Command::new(own);
    command.arg(WORD).arg(std::process::id().to_string()).arg(program);
    // What a person has set for a node of their own is not meant for these.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("THRONOS_")) {
        command.env_remove(name);
    }
    // Ctrl-C reaches the whole foreground group; the daemons are told by this process instead, in order.
    command.process_group(0);
    Ok(command)
}

/// Becomes the program that is meant, when this process was started by [`below_this_process`]. Every binary that starts daemons
/// calls it first.
pub fn become_child_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(WORD)) {
        return;
    }
    let parent = arguments.next().and_then(|text| text.to_str()?.parse().ok());
    let program = arguments.next();
    let why = match (parent, program) {
        (Some(parent), Some(program)) => become_child(parent, &program, arguments),
        _ => "this word is for this program's own use".to_owned(),
    };
    eprintln!("{why}");
    std::process::exit(127);
}

fn become_child(parent: i32, program: &OsStr, arguments: impl Iterator<Item = std::ffi::OsString>) -> String {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return format!("cannot bind the child to its parent: {error}");
    }
    // The parent may have ended before the wish was heard.
    if getppid().map(|pid| pid.as_raw_pid()) != Some(parent) {
        return "the parent has ended".to_owned();
    }
    let error = Command::new(program).args(arguments).exec();
    format!("cannot start {}: {error}", program.to_string_lossy())
}
