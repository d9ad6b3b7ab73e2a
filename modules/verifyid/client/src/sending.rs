//! The way of a call: it is checked and handed to the wallet, and what the chain would reject is told with what to do about it.
//!
//! It must not know a command. How long a device's word holds is decided here.

use execution::Module;
use types::{Amount, THR, THR_DECIMALS, TimeMs};
use verifyid::{VerifyId, VerifyIdCall, VerifyIdParameters};
use wallet::calls::checked_call;
use wallet::cli::context::AssetChoice;
use wallet::cli::submit::{TransactionArgs, carry_out, now};
use wallet::cli::{Context, Report, span};
use wallet::{Chain, Error, Result};

use crate::naming;
use crate::say::{TEXTS, say};
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
        return say!("counted_days", count = ms / (24 * HOUR_MS));
    }
    if ms.is_multiple_of(HOUR_MS) { say!("counted_hours", count = ms / HOUR_MS) } else { format!("{} s", ms / 1_000) }
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
        let message = say!("call_longer_than_call_may");
        Error::new("call_too_long", message, say!("nothing_was_sent_attest_again_another"))
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

/// Rejects after which there is something to do, each with the key of the sentence that says it.
const ADVICE: &[(&str, &str)] = &[
    ("device_exists", "see_whose"),
    ("key_in_use", "make_another_key"),
    ("statement_expired", "run_command_again_key_signs_anew"),
    ("statement_too_long", "run_command_again_shorter"),
    ("statement_used", "wait_second_run_command_again_key"),
    ("unknown_device", "register"),
    ("not_owner", "see_whose_give_owner_s_account"),
    ("already_accepted", "there_nothing_more_do_see"),
    ("suspended", "ask_authority_chain_tells_its_reason"),
    ("revoked", "make_new_key_register"),
    ("no_offer", "owner_offers"),
    ("offer_expired", "owner_offers_again"),
    ("not_recipient", "see_whom_offered"),
    ("no_rotation", "there_nothing_cancel_see"),
    ("rotation_early", "see_from_when_on_drop_other"),
    ("not_authority", "give_account_authority_names"),
    ("not_verifier", "authority_lists_one"),
    ("wrong_device_signature", "name_file_device_s_present_key"),
    ("device_limit", "revoke_device_see_plans"),
    ("device_changed", "look_again_run_command_again"),
    ("plan_runs", "name_plan_end_tells_which_runs"),
    ("plan_not_for_sale", "ask_authority_chain"),
    ("price_above", "run_command_again_reads_price_anew"),
    ("until_too_far", "run_command_again_shorter_span"),
    ("beacon_used", "device_has_shown_already_has_changed"),
    ("unknown_beacon", "run_command_again_begins_newest_beacon"),
    ("window_exceeded", "run_command_again_give_so_nothing"),
    ("higher_class", "there_nothing_more_do_higher_class"),
    ("held", "see_until_when"),
    ("wrong_kind", "device_mines_registered_asic_gpu_miner"),
    ("hold_used", "ask_authority_suspend"),
];

/// An error with what to do about the reject that it tells of, and with the reason in the language of whoever reads it; what stands around it is the
/// wallet's.
fn with_advice(error: Error, known: &Known) -> Error {
    let error = match VerifyId::REJECTS.iter().find(|reject| tells_of(&error, reject.name)) {
        Some(reject) => {
            let reason = TEXTS.said(format!("reject_{}", reject.name)).in_language(languages::spoken());
            Error { message: error.message.replace(reject.sentence, &reason), ..error }
        }
        None => error,
    };
    match ADVICE.iter().find(|(name, _)| tells_of(&error, name)) {
        Some((_, key)) => {
            let advice = TEXTS.said(*key).in_language(languages::spoken());
            let advice = known.iter().fold(advice, |text, (name, value)| text.replace(name, value));
            Error { hint: format!("{}; {advice}", error.hint), ..error }
        }
        None => error,
    }
}

/// A dry run's reject stands in the wallet's own sentence, by its name; that of a final transaction is the code.
fn tells_of(error: &Error, name: &str) -> bool {
    match error.own_code() {
        "would_be_rejected" => error.message.contains(&format!(" ({name}): ")),
        code => code == name,
    }
}

#[cfg(test)]
mod tests {
    use languages::Language;

    use super::*;

    #[test]
    fn every_reject_is_said_in_english_as_the_rules_say_it_and_in_other_languages_otherwise() {
        for reject in VerifyId::REJECTS {
            let said = TEXTS.said(format!("reject_{}", reject.name));
            assert_eq!(said.to_string(), reject.sentence);
            for language in Language::ALL.into_iter().skip(1) {
                assert_ne!(said.in_language(language), reject.sentence, "{language:?}");
            }
        }
        for (_, key) in ADVICE {
            assert!(TEXTS.knows(key), "{key}");
        }
    }

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
