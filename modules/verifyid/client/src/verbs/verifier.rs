//! `thronos verifier`: who verifies, who may count on a plan, and what the authority has seen of a device.

use std::path::Path;

use clap::{Args, Subcommand};
use types::{Hash32, TimeMs};
use verifyid::{SetLevel, VerifyIdCall};
use wallet::cli::digest::digest_of_file;
use wallet::cli::submit::TransactionArgs;
use wallet::cli::{Context, Report, span};
use wallet::{Error, Result};

use crate::say::say;
use crate::sending::{from_now, send, span_words};
use crate::{naming, node};

/// What can be said of verifiers.
#[derive(Debug, Subcommand)]
pub enum VerifierVerb {
    /// List an account as a verifier, or no more; only the authority may
    Set(SetArgs),
    /// Let a verifier count on your plan, or no more
    Allow(AllowArgs),
    /// Say that a device has a TPM (3) or its maker's certificate (4); only the authority may
    Level(LevelArgs),
}

/// `verifier set`
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Whom: an address or a name
    verifier: String,
    /// List it no more
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `verifier allow`
#[derive(Debug, Args)]
pub struct AllowArgs {
    /// Whom: an address or a name
    verifier: String,
    /// Let it count no more
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `verifier level`
#[derive(Debug, Args)]
pub struct LevelArgs {
    /// The device's id
    device: String,
    /// 3 for a TPM, 4 for its maker's certificate
    #[arg(long, value_parser = clap::value_parser!(u8).range(3..=4))]
    level: u8,
    /// How long it counts
    #[arg(long = "for", default_value = "30d", value_name = "SPAN")]
    lasts: String,
    /// What was seen: a file, of which the SHA-256 is put on the chain, or that as 64 hexadecimal digits
    #[arg(long, value_name = "FILE|HASH")]
    evidence: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

impl VerifierVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Set(set) => about(context, &set.transaction, &set.verifier, |verifier| VerifyIdCall::SetVerifier {
                verifier,
                listed: !set.remove,
            }),
            Self::Allow(allow) => about(context, &allow.transaction, &allow.verifier, |verifier| {
                VerifyIdCall::AllowVerifier { verifier, allowed: !allow.remove }
            }),
            Self::Level(level) => level.run(context),
        }
    }
}

fn about(
    context: &Context,
    transaction: &TransactionArgs,
    verifier: &str,
    call: impl FnOnce(types::Address) -> VerifyIdCall,
) -> Result<Report> {
    let context = &transaction.within(context);
    context.readable(verifier)?;
    let verifier = context.resolve(verifier, naming::chain(context)?.network())?;
    send(context, transaction, &call(verifier), &[])
}

impl LevelArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        naming::readable(context, &self.device)?;
        let lasts_ms = span::parse(&self.lasts)?;
        let evidence = match self.evidence.parse::<Hash32>() {
            Ok(hash) => hash,
            Err(_) => digest_of_file(Path::new(&self.evidence))?,
        };
        if self.transaction.offline {
            let message = say!("call_names_device_s_owner_rotation");
            return Err(Error::new("offline_needs", message, say!("leave_out_alone_writes_file_too")));
        }
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let longest = node::rules(&chain)?.level_ttl_ms;
        if lasts_ms > longest {
            let message = say!("level_counts_most_says", span_words = span_words(longest), lasts = self.lasts);
            return Err(Error::new("until_too_far", message, say!("set_less_again_later")));
        }
        let device = naming::device(context, &self.device, chain.network())?;
        let known = node::device(context, &client, &mut chain, (device, &self.device))?;
        // The block that proves the record is later than the one that left it so. What changes in that very block is not what was
        // seen, and is of its time.
        let seen = TimeMs(known.record.time().0.saturating_sub(1));
        let until = from_now(lasts_ms.min(longest.saturating_sub(60_000)));
        let owner = known.answer.owner.to_text(chain.network());
        context.note(&say!(
            "level_key_changed_evidence",
            key_id = known.answer.key_id,
            owner,
            time = say!("counted_times", count = known.answer.rotation),
            evidence
        ));
        let set = SetLevel {
            device,
            level: self.level,
            owner: known.answer.owner,
            rotation: known.answer.rotation,
            seen,
            until,
            evidence,
        };
        send(context, &self.transaction, &VerifyIdCall::SetLevel(set), &[])
    }
}
