//! `thronos device register` and `accept`: a device comes to an owner.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use types::{Amount, THR_DECIMALS, TimeMs};
use verifyid::{Kind, VerifyIdCall};
use wallet::cli::report::when;
use wallet::cli::submit::TransactionArgs;
use wallet::cli::{Context, Report};
use wallet::{Error, Result};

use crate::say::say;
use crate::sending::{send, thr, word};
use crate::statements::registration;
use crate::{naming, node};

/// In the order of their numbers.
pub(super) const KINDS: [&str; 9] = [
    "asic",
    "gpu_miner",
    "cpu_miner",
    "gps_node",
    "vehicle_node",
    "ai_trainer",
    "music_node",
    "storage_node",
    "parking_sensor",
];

/// `device register`
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// The device's key: a name in this wallet, or a path
    key: String,
    /// What the device is
    #[arg(long, value_parser = PossibleValuesParser::new(KINDS).map(kind))]
    kind: Kind,
    /// Whose it is to be, who then accepts it: an address or a name [default: who registers it]
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<String>,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `device accept`
#[derive(Debug, Args)]
pub struct Accept {
    /// The device: its id, or the name or path of its key
    device: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands it on by value")]
fn kind(text: String) -> Kind {
    Kind::ALL.into_iter().zip(KINDS).find(|(_, name)| *name == text).map_or(Kind::Asic, |(kind, _)| kind)
}

impl RegisterArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        let sender = context.sender(&self.transaction.from)?.address;
        self.owner.as_deref().map_or(Ok(()), |owner| context.readable(owner))?;
        let key = naming::key(context, &self.key)?;
        if let Some(device) = key.later_of() {
            let message = say!("later_key_device", device = device.0);
            return Err(Error::new("not_first_key", message, say!("device_registered_its_first_key_give")));
        }
        let chain = naming::chain(context)?;
        let owner = self.owner.as_deref().map(|owner| context.resolve(owner, chain.network())).transpose()?;
        let owner = owner.unwrap_or(sender);
        let rules = node::rules(&chain)?;
        let word = word(&chain, &self.transaction, &rules, TimeMs(0))?;
        let device = key.device().to_text(chain.network());
        context.note(&say!("gives_its_word_registered_until", device, value = when(word.valid_until)));
        if owner != sender {
            context.note(&say!("has_level_0_until_its_owner"));
        }
        if rules.registration_fee > Amount(0) {
            let fee = rules.registration_fee.to_decimal(THR_DECIMALS);
            context.note(&say!("registration_costs", fee));
        }
        let call = registration(&key, self.kind, (sender, owner), word);
        send(context, &self.transaction, &call, &[thr(rules.registration_fee)])
    }
}

impl Accept {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        naming::readable(context, &self.device)?;
        let device = naming::device(context, &self.device, naming::chain(context)?.network())?;
        send(context, &self.transaction, &VerifyIdCall::Accept(device), &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_called_as_the_chain_calls_them() {
        for (of_rules, name) in Kind::ALL.into_iter().zip(KINDS) {
            assert_eq!(
                (serde_json::to_value(of_rules).expect("a text"), kind(name.to_owned())),
                (name.into(), of_rules)
            );
        }
    }
}
