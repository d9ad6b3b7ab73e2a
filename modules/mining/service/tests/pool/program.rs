//! The daemon's program, which is built with all tests.

use std::process::Command;

/// A command of the program that lies where this test was built.
pub fn thronosd() -> Command {
    let own = std::env::current_exe().expect("a running program has a file");
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join("thronosd")).find(|file| file.is_file());
    Command::new(found.expect("`cargo build --release --workspace` makes thronosd"))
}
