//! The way of a call: it is checked and handed to the wallet, and what the chain would reject is told with what to do about it.
//!
//! It must not know a command. How long a device's word holds is decided here.

use types::{Amount, THR, THR_DECIMALS, TimeMs};
use verifyid::{VerifyIdCall, VerifyIdParameters};
use wallet::calls::checked_call;
use wallet::cli::context::AssetChoice;
use wallet::cli::submit::{TransactionArgs, carry_out, now};
use wallet::cli::{Context, Report, span};
use wallet::{Chain, Error, Result};

use crate::naming;
use crate::statements::DeviceWord;

/// How long a device's word holds, unless its transaction may wait longer.
const WORD_MS: u64 = 3_600_000;

/// For what a device signs: this chain, and until when, from the chain's time on where that is known and later than this machine's.
pub(crate) fn word(
    chain: &Chain,
    args: &TransactionArgs,
    rules: &VerifyIdParameters,
    chain_time: TimeMs,
) -> Result<DeviceWord> {
    let wanted = span::parse(&args.valid_for)?.max(WORD_MS);
    // The newest block may be older than this machine's clock, so the whole span is never used.
    let longest = rules.statement_max_ms - rules.statement_max_ms / 10;
    let valid_until = now().max(chain_time).saturating_add(wanted.min(longest));
    Ok(DeviceWord { chain_id: chain.id(), valid_until })
}

/// A time from now on.
pub(crate) fn from_now(ms: u64) -> TimeMs {
    now().saturating_add(ms)
}

/// A span for people, in days where it is whole ones.
pub(crate) fn span_words(ms: u64) -> String {
    const HOUR_MS: u64 = 3_600_000;
    if ms.is_multiple_of(24 * HOUR_MS) {
        return types::counted(ms / (24 * HOUR_MS), "day");
    }
    if ms.is_multiple_of(HOUR_MS) { types::counted(ms / HOUR_MS, "hour") } else { format!("{} s", ms / 1_000) }
}

/// THR that a call takes beside its fee.
pub(crate) fn thr(amount: Amount) -> (AssetChoice, Amount) {
    (AssetChoice { id: THR, symbol: "THR".to_owned(), decimals: THR_DECIMALS }, amount)
}

/// Sends a call, or does what else the arguments say.
pub(crate) fn send(
    context: &Context,
    args: &TransactionArgs,
    call: &VerifyIdCall,
    spent: &[(AssetChoice, Amount)],
) -> Result<Report> {
    let encoded = call.to_call().ok_or_else(|| {
        let message = "the call is longer than a call may be";
        Error::new("call_too_long", message, "nothing was sent; attest again, at another node with --node URL")
    })?;
    let done = checked_call(encoded).and_then(|call| carry_out(context, args, vec![call], spent));
    done.map_err(|error| with_advice(error, &known(context, args, call)))
}

/// What stands in an advice for what this command knows, each with that.
type Known = Vec<(&'static str, String)>;

fn known(context: &Context, args: &TransactionArgs, call: &VerifyIdCall) -> Known {
    let mut known = vec![("SENDER", args.from.clone())];
    let Ok(network) = naming::chain(context).map(|chain| chain.network()) else { return known };
    known.extend(call.device().map(|device| ("DEVICE", device.to_text(network))));
    let about = match call {
        VerifyIdCall::AllowVerifier { verifier, .. } => Some(*verifier),
        _ => context.sender(&args.from).ok().map(|sender| sender.address),
    };
    known.extend(about.map(|address| ("ADDRESS", address.to_text(network))));
    known
}

/// Rejects after which there is something to do, each with that.
const ADVICE: &[(&str, &str)] = &[
    ("device_exists", "see whose it is with `thronos device show DEVICE`"),
    ("key_in_use", "make another key with `thronos device new NAME`"),
    ("statement_expired", "run the command again: the key signs anew"),
    ("statement_too_long", "run the command again with a shorter `--valid-for`"),
    ("statement_used", "wait a second and run the command again: the key signs anew"),
    ("unknown_device", "register it with `thronos device register KEY --kind KIND --from SENDER`"),
    ("not_owner", "see whose it is with `thronos device show DEVICE`, and give the owner's account with `--from`"),
    ("already_accepted", "there is nothing more to do: see `thronos device show DEVICE`"),
    ("suspended", "ask the authority of the chain; `thronos device show DEVICE` tells its reason"),
    ("revoked", "make a new key with `thronos device new NAME` and register that"),
    ("no_offer", "the owner offers it with `thronos device offer DEVICE --to ADDRESS --from NAME`"),
    ("offer_expired", "the owner offers it again with `thronos device offer DEVICE --to ADDRESS --from NAME`"),
    ("not_recipient", "see to whom it is offered with `thronos device show DEVICE`"),
    ("no_rotation", "there is nothing to cancel: see `thronos device show DEVICE`"),
    (
        "rotation_early",
        "see from when on with `thronos device show DEVICE`; drop the other key with `thronos device cancel-rotation DEVICE --key OLD_KEY --from SENDER`",
    ),
    ("not_authority", "give an account of the authority with `--from`; `thronos ask verifyid rules` names it"),
    ("not_verifier", "the authority lists one with `thronos verifier set ADDRESS --from NAME`"),
    ("wrong_device_signature", "name the file of the device's present key; `thronos device show DEVICE` tells its id"),
    ("device_limit", "revoke a device, or see the plans with `thronos plan show`"),
    ("device_changed", "look again with `thronos device show DEVICE`, and run the command again"),
    ("plan_runs", "name the plan that is to end with `--replace PLAN`; `thronos plan show ADDRESS` tells which runs"),
    ("plan_not_for_sale", "ask the authority of the chain"),
    ("price_above", "run the command again: it reads the price anew"),
    ("until_too_far", "run the command again with a shorter span"),
    ("beacon_used", "the device has shown this already, or has changed since: run the command again"),
    ("unknown_beacon", "run the command again: it begins with the newest beacon"),
    ("window_exceeded", "run the command again; give `--password-file` so that nothing waits at the end"),
    ("higher_class", "there is nothing more to do: a higher class still counts; see `thronos device show DEVICE`"),
    ("held", "see until when with `thronos device show DEVICE`"),
    ("wrong_kind", "a device that mines is registered as an asic, gpu_miner or cpu_miner"),
    ("hold_used", "ask the authority to suspend it"),
];

/// An error with what to do about the reject that it tells of.
fn with_advice(error: Error, known: &Known) -> Error {
    // A dry run's reject stands in the wallet's own sentence, by its name; that of a final transaction is the code.
    let is_told = |name: &str| match error.own_code() {
        "would_be_rejected" => error.message.contains(&format!(" ({name}): ")),
        code => code == name,
    };
    match ADVICE.iter().find(|(name, _)| is_told(name)) {
        Some((_, advice)) => {
            let advice = known.iter().fold((*advice).to_owned(), |text, (name, value)| text.replace(name, value));
            Error { hint: format!("{}; {advice}", error.hint), ..error }
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use execution::Module;
    use verifyid::VerifyId;

    use super::*;

    #[test]
    fn advice_is_for_rejects_that_there_are_each_once() {
        for (place, (name, _)) in ADVICE.iter().enumerate() {
            assert!(VerifyId::REJECTS.iter().any(|reject| reject.name == *name), "{name}");
            assert!(ADVICE.iter().skip(place + 1).all(|(other, _)| other != name), "{name}");
        }
    }

    #[test]
    fn a_reject_is_told_with_what_to_do_and_a_nodes_own_words_are_not() {
        let dry =
            Error::new("would_be_rejected", "would reject the call 0 with code 7 (not_owner): it", "nothing was sent");
        let known = vec![("DEVICE", "thrdev1qq".to_owned()), ("SENDER", "alice".to_owned())];
        let told = with_advice(dry, &known).hint;
        assert!(told.starts_with("nothing was sent; see whose it is with `thronos device show thrdev1qq`,"), "{told}");
        let done = Error::new("revoked", "the transaction is final, but", "nothing else was changed");
        assert!(with_advice(done, &known).hint.contains("make a new key"));
        let node = Error { is_of_node: true, ..Error::new("revoked", "says a node", "h") };
        assert_eq!(with_advice(node, &known).hint, "h");
    }
}
