//! `devnet --check --trial verifyid`: the whole life of devices between real processes, every refusal by its name.

use serde_json::json;
use testnet::devnet::check::compare;
use testnet::devnet::{Failure, LocalNetwork, Outcome, Proven, Service};
use types::{Amount, Genesis};
use verifyid::{Allowance, DeviceId, VerifyId, VerifyIdParameters};

use super::cast::{PATIENCE, Troupe, WORD_MS, equal};
use crate::keys::Key;

/// A verifier's hold, in milliseconds: long enough to be seen.
pub(super) const HOLD_MS: u64 = 5_000;
/// The longest that a device's word may hold.
const STATEMENT_MS: u64 = WORD_MS + 2_000;
/// A rotation without the old key waits so long.
pub(super) const ROTATION_DELAY_MS: u64 = STATEMENT_MS + 1_000;
/// Verifications a month without a plan.
pub(super) const VERIFICATIONS_FREE: u64 = 6;
/// A batch may come so late: a month and more.
const BATCH_LATE_MS: u64 = 62 * 86_400_000;

/// Spans that end while somebody looks, and an authority whose key is at hand.
pub(super) fn quick_spans(genesis: &mut Genesis) {
    // The people of a local network have the same, and more than anybody else.
    let richest = genesis.balances.iter().max_by_key(|balance| balance.amount).map(|balance| balance.address);
    execution::edit_section::<VerifyId>(genesis, |rules: &mut VerifyIdParameters| {
        let authority = richest.unwrap_or(rules.authority);
        rules.authority = authority;
        rules.ecosystem = authority;
        rules.verifiers = types::List::new(vec![authority]).unwrap_or_default();
        rules.free = Allowance { devices: 3, verifications: VERIFICATIONS_FREE };
        rules.registration_fee = Amount(1_000);
        rules.statement_max_ms = STATEMENT_MS;
        rules.rotation_delay_ms = ROTATION_DELAY_MS;
        rules.hold_ms = HOLD_MS;
        rules.hold_pause_ms = 24 * HOLD_MS;
        rules.batch_late_ms = BATCH_LATE_MS;
    });
}

/// What has every feature's service run at node 0, and the port that one of them has there: that for machines.
fn every_service(troupe: &Troupe<'_>) -> Outcome<(Vec<String>, u16)> {
    let plan = &troupe.network.plan;
    let settings = plan.trials.iter().flat_map(|trial| (trial.local.settings)(plan.ports, 0, Service::On));
    // As texts of TOML are written in a file, so are they typed.
    let settings = settings.map(|(name, value)| format!("{name}={value}")).collect();
    let ports: Vec<u16> = plan.trials.iter().flat_map(|trial| (trial.local.ports)(plan.ports, 0)).collect();
    match ports.as_slice() {
        [port] => Ok((settings, *port)),
        _ => Err(Failure::new(format!("one service has one port, and these are there: {ports:?}"))),
    }
}

/// Runs the whole check on a network that is ready.
///
/// # Errors
/// The first promise that does not hold.
pub(super) fn prove(network: &mut LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Proven> {
    let mut troupe = Troupe::gather(network, say)?;
    let keys: [Key; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(Key);
    let [first, second, third, fourth, fifth, first_new, fourth_new, imposter, sixth] = keys;
    troupe.register([first, second, third, fourth, fifth])?;
    troupe.say("devices are registered by whoever has their keys, counted on a plan, and accepted by their owner");
    troupe.expect_verified(first, first, 1)?;
    troupe.expect_refused(first, imposter, "bad_answer")?;
    troupe.try_answers(second)?;
    troupe.say("a device is challenged and verified; an imposter, a second answer and forged ones are refused");
    troupe.count(fourth)?;
    troupe.say(
        "verifications are batched on the chain, a month's quota ends, another month has its own, and a plan is wider",
    );
    troupe.rotate(first, first_new)?;
    troupe.say("a key was changed by both keys at once, and the old one proves nothing any more");
    troupe.announce(fourth, fourth_new)?;
    troupe.say("a key was changed without the old one, after the delay and not before");
    troupe.hand_on(third)?;
    troupe.say("a device changed hands in two steps");
    troupe.hold_and_suspend(first, first_new)?;
    troupe.say("a hold ended by itself, a suspension by the authority");
    troupe.revoke(second, sixth)?;
    troupe.say("a device was revoked for good, and its place on the plan is another's");

    let (others, port) = every_service(&troupe)?;
    troupe.let_node_anchor(&others)?;
    let sequence = troupe.anchor(first, first_new)?;
    troupe.say("what node 0 acknowledged is on the chain, though it was killed meanwhile, and is proven from the genesis without a node");
    troupe.work(port)?;
    troupe.say("a miner reached the local class by its shares, and a device that nobody mined for did not");
    let missing = troupe.certify()?;
    troupe.say(&match missing {
        None => "a TPM was enrolled for one device and no other, quoted, and its device has level 3 by the authority"
            .to_owned(),
        Some(program) => format!("no TPM was tried, since {program} is not installed: `./setup --peers` does it"),
    });

    let refused = troupe.refused;
    let all = [first, second, third, fourth, sixth].map(|key| DeviceId(key.id()));
    let height = troupe.client.status()?.height;
    for node in 0..troupe.network.nodes.len() {
        troupe.network.wait_height(node, height, PATIENCE)?;
        for id in all {
            let (there, here) = (troupe.device_at(node, id)?, troupe.device_at(0, id)?);
            equal(&format!("a device at node {node}"), &(there.status, there.key_id), &(here.status, here.key_id))?;
        }
    }
    let (height, block, _) = compare(troupe.network)?;
    let document = json!({ "ok": true, "devices": all.len(), "batches": sequence, "refused": refused, "tpm": missing.is_none(), "height": height, "block": block });
    Ok(Proven { document, nodes: troupe.network.standings()? })
}
