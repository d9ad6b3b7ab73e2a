//! What devices cost: challenges asked for and answered at a fixed pace beside a running validator, a full batch of verifications, the
//! dearest proof of work, and a registration and a look at a device as devices become many.

mod attest;
mod batch;
mod challenges;
mod connection;
mod registry;

use testnet::devnet::Outcome;

use crate::figures::Findings;
use crate::ground::Ground;

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let runs = usize::try_from(ground.options.runs()).unwrap_or(1);
    let mut figures = challenges::measure(ground, runs)?;
    for run in &mut figures {
        run.extend(batch::measure()?);
        run.extend(attest::measure()?);
    }
    registry::measure(ground, &mut figures)?;
    Ok(Findings::Whole(figures))
}
