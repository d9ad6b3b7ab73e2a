//! `thronosd check`: opens a home while no node runs in it, and says what it found.

use super::{Refusal, read_config};
use crate::home::Home;
use crate::shell::verify_home;

pub(crate) fn run(home: &Home) -> Result<(), Refusal> {
    home.check()?;
    let config = read_config(home, Vec::new())?;
    for line in verify_home(home, &config)? {
        say!("{line}");
    }
    say!("{} is sound", home.root().display());
    Ok(())
}
