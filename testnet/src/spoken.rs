//! What a program says on standard output, where somebody may have gone or the disk may be full.
//!
//! It must not know what is said. Invariant: a line that could not be written is told once on standard error, and the program's end says so.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Writes a line. A reader that has gone, as `head` does, is content.
pub fn speak(line: &str) {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !IS_LOST.swap(true, Ordering::Relaxed)
    {
        eprintln!("what this program says cannot be written: {error}; what it does is done");
    }
}

/// The exit code of a program: one whose answer came nowhere has failed, whatever it did.
#[must_use]
pub fn heard(code: ExitCode) -> ExitCode {
    if IS_LOST.load(Ordering::Relaxed) { ExitCode::FAILURE } else { code }
}
