//! What the process does first so that its memory does not end up in a file: no core dumps, no other process that traces it.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps and tracing for this process.
///
/// # Errors
/// What the system said.
pub fn keep_memory_private() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
