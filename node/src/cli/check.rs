//! `thronosd check`: looks at a home while no node runs in it, and says what it found. It changes nothing.

use super::{Refusal, read_config};
use crate::home::Home;
use crate::shell::verify_home;

pub(crate) fn run(home: &Home) -> Result<(), Refusal> {
    home.check()?;
    let config = read_config(home, Vec::new())?;
    let found = verify_home(home, &config)?;
    for line in &found.lines {
        say!("{line}");
    }
    for line in &found.torn {
        say!("torn        {line}; the next start cuts it off");
    }
    for line in &found.wrong {
        say!("wrong       {line}");
    }
    if found.wrong.is_empty() {
        say!("{} is sound", home.root().display());
        return Ok(());
    }
    let count = found.wrong.len();
    let message =
        format!("{count} of what belongs to {} is missing or damaged, as it says above", home.root().display());
    Err(Refusal::new("home_damaged", message))
}
