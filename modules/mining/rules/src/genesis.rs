//! The work chain before its first work.

use execution::{Context, GenesisError};
use pow::{CompactBits, Target};
use types::{Amount, Genesis};

use crate::keys;
use crate::records::{Terms, Tip, write};

/// Writes the terms of the first work, which builds on the chain id.
pub(crate) fn begin(genesis: &Genesis, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
    let parameters = &genesis.parameters.mining;
    let bits = CompactBits(parameters.launch_bits);
    Target::from_compact(bits).map_err(|error| GenesisError::Module(format!("mining: {error}")))?;
    let divisors = [parameters.spacing_ms, parameters.half_life_ms, parameters.halving_interval];
    if divisors.contains(&0) || parameters.share_factor == 0 {
        let why = "mining: spacing, half-life, halving interval and share factor are above zero";
        return Err(GenesisError::Module(why.to_owned()));
    }
    let tip = Tip {
        work_height: 0,
        hash: context.block().chain_id.0,
        time: genesis.time,
        next: Terms { bits, shares: 0 },
        grace: None,
        anchor: None,
        issued: Amount::ZERO,
    };
    write(context, &keys::tip(), &tip);
    write(context, &keys::rules(), parameters);
    Ok(())
}
