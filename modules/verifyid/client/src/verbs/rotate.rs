//! `thronos device rotate` and `cancel-rotation`: another key for a device.
//!
//! No key file is changed or removed here: the old key is needed until the rotation is final, and stays.

use clap::Args;
use types::TimeMs;
use verifyid::{CancelRotation, DeviceAnswer, DeviceId, VerifyIdCall};
use wallet::cli::report::when;
use wallet::cli::submit::{TransactionArgs, now};
use wallet::cli::{Context, Report};
use wallet::{Chain, Error, Result};

use crate::key_file::DeviceKeyFile;
use crate::say::say;
use crate::sending::{send, word};
use crate::statements::{cancellation, rotation};
use crate::{naming, node};

/// `device rotate`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("how").required(true).args(["old_key", "announce"]))]
pub struct RotateArgs {
    /// The new key, made with `device new NAME --for DEVICE`: its name in this wallet, or its path
    new_key: String,
    /// The device's present key, which signs too: the new key is in force at once
    #[arg(long, value_name = "KEY")]
    old_key: Option<String>,
    /// The present key is lost: announce the new one, and, some days later, complete it with the same command
    #[arg(long)]
    announce: bool,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `device cancel-rotation`
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The device: its id, or the name or path of its first key
    device: String,
    /// The device's present key, whose word lets any account send this [default: the account is the owner's]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// The chain, what is proven of a device, and of when that is.
fn look(
    context: &Context,
    args: &TransactionArgs,
    device: &dyn Fn(&Chain) -> Result<DeviceId>,
    named: &str,
) -> Result<(Chain, DeviceAnswer, TimeMs)> {
    if args.offline {
        let message = say!("what_key_signs_here_says_how");
        return Err(Error::new("offline_needs", message, say!("leave_out_alone_writes_file_too")));
    }
    let client = context.client()?;
    let mut chain = context.chain(&client)?;
    let id = device(&chain)?;
    let known = node::device(context, &client, &mut chain, (id, named))?;
    let time = known.record.time();
    Ok((chain, known.answer, time))
}

/// Refuses a key that is not the one in force.
fn check_present(context: &Context, key: &DeviceKeyFile, known: &DeviceAnswer) -> Result<()> {
    if key.key_id() == known.key_id {
        return Ok(());
    }
    let message = say!("key_has_id_device_s_present", key_id = key.key_id(), key_id_2 = known.key_id);
    let hint = match naming::name_of(context, known.key_id) {
        Some(present) => say!("name_present_key_wallet", present),
        None => say!("name_file_present_key_not_wallet"),
    };
    Err(Error::new("not_present_key", message, hint))
}

impl RotateArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        let new = naming::key(context, &self.new_key)?;
        let old = self.old_key.as_deref().map(|key| naming::key(context, key)).transpose()?;
        let device = new.later_of().ok_or_else(|| {
            let message = say!("first_key_device_its_own", new_key = self.new_key);
            Error::new("not_later_key", message, say!("make_new_key"))
        })?;
        let (chain, known, time) = look(context, &self.transaction, &|_| Ok(device), &device.0.to_string())?;
        if new.key_id() == known.key_id {
            let hint = say!("there_nothing_more_do_see_2", device = device.to_text(chain.network()));
            return Err(Error::new("already_rotated", say!("key_force_already"), hint));
        }
        old.as_ref().map_or(Ok(()), |old| check_present(context, old, &known))?;
        if self.announce {
            let rules = node::rules(&chain)?;
            let drop_it = drop_it(context, &known, &chain, &self.transaction.from);
            context.note(&announcement(&new, &known, (time.max(now()), rules.rotation_delay_ms), &drop_it)?);
        }
        if old.is_some() {
            context.note(&say!("old_key_signs_nothing_any_more"));
        }
        let word = word(&chain, &self.transaction, &node::rules(&chain)?, time)?;
        let call = rotation(device, known.rotation, (&new, old.as_ref()), word);
        send(context, &self.transaction, &call, &[])
    }
}

/// The command that drops an announced key, with the file of the present one where that lies in this wallet.
fn drop_it(context: &Context, known: &DeviceAnswer, chain: &Chain, from: &str) -> String {
    let present = naming::name_of(context, known.key_id).unwrap_or_else(|| "OLD_KEY".to_owned());
    format!("`thronos device cancel-rotation {} --key {present} --from {from}`", known.device.to_text(chain.network()))
}

/// What comes of a new key that the old one has not signed for, told with the command that drops an announced one.
fn announcement(
    new: &DeviceKeyFile,
    known: &DeviceAnswer,
    (now, delay_ms): (TimeMs, u64),
    drop_it: &str,
) -> Result<String> {
    match (known.announced_key, known.announced_from) {
        (Some(key), Some(from)) if key == new.key_id() && from <= now => {
            Ok(say!("key_was_announced_its_time_has", value = when(from)))
        }
        (Some(key), Some(from)) if key == new.key_id() => {
            let message = say!("key_announced_already_can_begin_from", value = when(from));
            Err(Error::new("rotation_early", message, say!("run_again_then_old_key_hand")))
        }
        (Some(key), _) => {
            let message = say!("another_key_announced", key);
            Err(Error::new("rotation_early", message, say!("drop_first", drop_it)))
        }
        (None, _) => Ok(say!("new_key_announced_can_begin_from", value = when(now.saturating_add(delay_ms)), drop_it)),
    }
}

impl CancelArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        naming::readable(context, &self.device)?;
        let Some(key) = &self.key else {
            let device = naming::device(context, &self.device, naming::chain(context)?.network())?;
            // By the owner, who needs no signature of the device; the time is of no meaning then.
            let call = CancelRotation { device, valid_until: TimeMs(0), signature: None };
            return send(context, &self.transaction, &VerifyIdCall::CancelRotation(call), &[]);
        };
        let key = naming::key(context, key)?;
        let named = |chain: &Chain| naming::device(context, &self.device, chain.network());
        let (chain, known, time) = look(context, &self.transaction, &named, &self.device)?;
        check_present(context, &key, &known)?;
        let announced = known.announced_key.ok_or_else(|| {
            let message = say!("proven_no_new_key_announced_device");
            let device = known.device.to_text(chain.network());
            Error::new("no_rotation", message, say!("there_nothing_cancel_see_2", device))
        })?;
        let word = word(&chain, &self.transaction, &node::rules(&chain)?, time)?;
        let call = cancellation((known.device, known.rotation), announced, &key, word);
        send(context, &self.transaction, &call, &[])
    }
}
