//! `thronos device offer`, `take` and `withdraw`: a device changes hands in two steps.

use clap::Args;
use verifyid::{DeviceAnswer, DeviceId, Offer, Take, VerifyIdCall};
use wallet::cli::report::when;
use wallet::cli::submit::TransactionArgs;
use wallet::cli::{Context, Report, span};
use wallet::{Chain, Error, Result};

use crate::say::{lines, say};
use crate::sending::{from_now, send, span_words};
use crate::{naming, node};

/// `device offer`
#[derive(Debug, Args)]
pub struct OfferArgs {
    /// The device: its id, or the name or path of its key
    device: String,
    /// To whom: an address or a name
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// How long it may be taken
    #[arg(long = "for", default_value = "1d", value_name = "SPAN")]
    lasts: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `device take`
#[derive(Debug, Args)]
pub struct TakeArgs {
    /// The device's id
    device: String,
    /// Its rotation, how many times its key has changed, if you have seen that already: nobody is asked, and nothing shown
    #[arg(long, value_name = "NUMBER")]
    rotation: Option<u32>,
    /// Answer yes: the device that is shown is the one that you want
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `device withdraw`
#[derive(Debug, Args)]
pub struct Withdraw {
    /// The device: its id, or the name or path of its key
    device: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

impl OfferArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        naming::readable(context, &self.device)?;
        context.readable(&self.to)?;
        let lasts_ms = span::parse(&self.lasts)?;
        let chain = naming::chain(context)?;
        let longest = node::rules(&chain)?.offer_max_ms;
        if lasts_ms > longest {
            let message = say!("offer_lasts_most_says", span_words = span_words(longest), lasts = self.lasts);
            return Err(Error::new("until_too_far", message, say!("offer_less_again_later")));
        }
        let device = naming::device(context, &self.device, chain.network())?;
        let to = context.resolve(&self.to, chain.network())?;
        if context.sender(&self.transaction.from)?.address == to {
            let message = say!("device_offered_another_account_one_offers");
            return Err(Error::new("own_account", message, say!("name_whose")));
        }
        // This machine's clock may be ahead of the newest block.
        let until = from_now(lasts_ms.min(longest.saturating_sub(60_000)));
        send(context, &self.transaction, &VerifyIdCall::Offer(Offer { device, to, until }), &[])
    }
}

impl TakeArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        let sender = context.sender(&self.transaction.from)?.address;
        naming::readable(context, &self.device)?;
        if let Some(rotation) = self.rotation {
            let device = naming::device(context, &self.device, naming::chain(context)?.network())?;
            return send(context, &self.transaction, &VerifyIdCall::Take(Take { device, rotation }), &[]);
        }
        if self.transaction.offline {
            let hint = say!("see_on_machine_connection_give", device = self.device);
            return Err(Error::new("offline_needs", say!("without_node_must_given"), hint));
        }
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let device = naming::device(context, &self.device, chain.network())?;
        let known = node::device(context, &client, &mut chain, (device, &self.device))?.answer;
        if known.owner == sender && known.accepted {
            let message = say!("proven_device_s_already", from = self.transaction.from);
            let hint = say!("there_nothing_take_see", device = device.to_text(chain.network()));
            return Err(Error::new("own_device", message, hint));
        }
        if known.offered_to != Some(sender) {
            let message = match known.offered_to {
                Some(to) => say!("proven_device_offered", to = to.to_text(chain.network())),
                None => say!("proven_device_not_offered_anybody"),
            };
            let (device, to) = (device.to_text(chain.network()), sender.to_text(chain.network()));
            let hint = say!("ask_its_owner", device, to);
            return Err(Error::new("not_offered", message, hint));
        }
        context.note(&what_is_taken(&chain, device, &known));
        if !self.yes && !self.transaction.dry_run {
            context.confirm(&say!("key_device_shows_do_you_take"), "--yes")?;
        }
        let take = VerifyIdCall::Take(Take { device, rotation: known.rotation });
        send(context, &self.transaction, &take, &[])
    }
}

/// What is shown before a device is taken: another key than this one will not be.
fn what_is_taken(chain: &Chain, device: DeviceId, known: &DeviceAnswer) -> String {
    let text = lines(&[
        ("device:", device.to_text(chain.network())),
        ("owner:", known.owner.to_text(chain.network())),
        ("key id:", say!("changed_2", key_id = known.key_id, time = say!("counted_times", count = known.rotation))),
        ("offered until:", known.offered_until.map_or_else(String::new, when)),
        ("after taking:", say!("level_1_counted_on_your_plan")),
    ]);
    text.trim_end().to_owned()
}

impl Withdraw {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        naming::readable(context, &self.device)?;
        let device = naming::device(context, &self.device, naming::chain(context)?.network())?;
        send(context, &self.transaction, &VerifyIdCall::Withdraw(device), &[])
    }
}
