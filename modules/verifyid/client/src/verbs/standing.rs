//! `thronos device hold`, `suspend`, `reinstate` and `revoke`: whether a device counts.

use clap::Args;
use verifyid::{DeviceId, Out, VerifyIdCall};
use wallet::Result;
use wallet::cli::submit::TransactionArgs;
use wallet::cli::{Context, Report};

use crate::naming;
use crate::say::say;
use crate::sending::send;

/// A device, and the transaction about it.
#[derive(Debug, Args)]
pub struct AboutDevice {
    /// The device: its id, or the name or path of its key
    device: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `device hold`
#[derive(Debug, Args)]
pub struct Hold {
    #[command(flatten)]
    about: AboutDevice,
}

/// `device suspend`
#[derive(Debug, Args)]
pub struct Suspend {
    #[command(flatten)]
    about: AboutDevice,
    /// Why, as a number of your own; everybody can read it
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    reason: u8,
}

/// `device reinstate`
#[derive(Debug, Args)]
pub struct Reinstate {
    #[command(flatten)]
    about: AboutDevice,
}

/// `device revoke`
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    about: AboutDevice,
    /// Why, as a number of your own; everybody can read it
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    reason: u8,
    /// Answer yes: it is to be revoked, for good
    #[arg(long)]
    yes: bool,
}

impl AboutDevice {
    fn send(&self, context: &Context, call: impl FnOnce(DeviceId) -> VerifyIdCall) -> Result<Report> {
        let context = &self.transaction.within(context);
        naming::readable(context, &self.device)?;
        let device = naming::device(context, &self.device, naming::chain(context)?.network())?;
        send(context, &self.transaction, &call(device), &[])
    }
}

impl Hold {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        self.about.send(context, VerifyIdCall::Hold)
    }
}

impl Suspend {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        self.about.send(context, |device| VerifyIdCall::Suspend(Out { device, reason: self.reason }))
    }
}

impl Reinstate {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        self.about.send(context, VerifyIdCall::Reinstate)
    }
}

impl Revoke {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        naming::readable(context, &self.about.device)?;
        if !self.yes && !self.about.transaction.dry_run {
            context.confirm(&say!("device_revoked_good_its_key_never"), "--yes")?;
        }
        self.about.send(context, |device| VerifyIdCall::Revoke(Out { device, reason: self.reason }))
    }
}
