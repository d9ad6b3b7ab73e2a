//! The command `thronos`: everything is in the library, so that tests and other programs use the same code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wallet::cli::main(std::env::args_os())
}
