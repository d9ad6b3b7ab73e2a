//! `thronos device attest`: machines hash for a device at a node's port, the device's key gives its word, and the chain decides.
//!
//! The node only collects: what it gives out is judged here by the chain's own rules before a fee is paid for it. It must not know how a
//! machine mines.

use std::time::{Duration, Instant};

use clap::Args;
use execution::{Module, QueryArguments};
use serde::Deserialize;
use serde_json::{Value, json};
use types::{Hash32, List, Network};
use verifyid::{
    AttestWork, BeaconAnswer, DeviceAnswer, GROUPS_MAX, VerifyId, VerifyIdCall, VerifyIdParameters, WorkBinding,
    WorkClass, WorkGroup, judge_shares,
};
use wallet::cli::report::when;
use wallet::cli::submit::TransactionArgs;
use wallet::cli::{Context, Report};
use wallet::{Chain, Error, NodeClient, Result};

use super::show::level_words;
use crate::key_file::DeviceKeyFile;
use crate::say::say;
use crate::sending::{send, word};
use crate::statements::DeviceWord;
use crate::{naming, node};

/// The question by whose answer the feature is known that has a port for machines.
const WORK: &str = "terms";
/// Between two looks at the node.
const LOOK_MS: u64 = 2_000;
/// Between two of them at the end.
const LOOK_MS_MIN: u64 = 100;
/// How often it is said how far it is, though nothing has changed.
const TOLD_MS: u64 = 30_000;
/// Longest wait for a beacon that is newer than the device's last change, beyond the time between two, and between two looks for one.
const BEACON_WAIT_MS: u64 = 15_000;
const BEACON_LOOK_MS: u64 = 500;
/// How long beyond the window a node is asked that never comes to an end.
const BEYOND_MS: u64 = 60_000;

/// `device attest`
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// The name or path of the device's present key
    key: String,
    /// The class of rates: `thronos ask verifyid rules` names them
    #[arg(long, value_name = "N")]
    class: u8,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// How far it is, as the node says.
#[derive(Debug, Deserialize)]
struct Progress {
    device: Hash32,
    class: u8,
    beacon: u64,
    binding: Hash32,
    state: String,
    shares: u16,
    shares_needed: u16,
    left_ms: u64,
    connections: u32,
    groups: List<WorkGroup, GROUPS_MAX>,
}

/// What is attested, and by whom.
struct Attesting<'a> {
    context: &'a Context,
    client: &'a NodeClient,
    key: &'a DeviceKeyFile,
    class: WorkClass,
    /// Between two beacons, in milliseconds.
    interval_ms: u64,
    /// The next lower class, if there is one.
    lower: Option<u8>,
    word: DeviceWord,
}

impl AttestArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let args = &self.transaction;
        if args.offline {
            let message = say!("rate_hashes_shown_node");
            return Err(Error::new("node_needed", message, say!("leave_offline_out")));
        }
        // What cannot be paid for is not begun.
        context.sender(&args.from)?;
        let key = &naming::key(context, &self.key)?;
        let client = &context.client()?;
        let mut chain = context.chain(client)?;
        let rules = node::rules(&chain)?;
        let class = class_of(&rules, self.class)?;
        let known = node::device(context, client, &mut chain, (key.device(), &self.key))?;
        may_attest(&known.answer, key, chain.network())?;
        may_show(&known.answer, &class)?;
        let interval_ms = rules.beacon_interval_ms;
        let lower = rules.work_classes.iter().map(|one| one.class).filter(|one| *one < class.class).max();
        let said = |chain: &Chain| word(chain, args, &rules, known.record.time());
        let attesting = Attesting { context, client, key, class, interval_ms, lower, word: said(&chain)? };
        let (binding, begun) = attesting.begin(&chain, &known.answer)?;
        let groups = attesting.watch(&binding, begun)?;
        // Whoever got the device meanwhile, or its new key, has shown nothing: the chain would take the fee and refuse this.
        let now = node::device(context, client, &mut chain, (key.device(), &self.key))?;
        may_attest(&now.answer, key, chain.network())?;
        is_unchanged(&known.answer, &now.answer, chain.network())?;
        // What the key said at the beginning was for the node, and may not hold any more.
        let attesting = Attesting { word: said(&chain)?, ..attesting };
        let call = attesting.call(&binding, groups)?;
        let done = send(context, args, &call, &[])?;
        if args.dry_run || args.no_wait || args.out.is_some() {
            return Ok(done);
        }
        let now = node::device(context, client, &mut chain, (key.device(), &self.key))?;
        Ok(told(done, &class, &now.answer))
    }
}

/// Where attestations are begun.
fn attestations() -> String {
    format!("/api/v1/{}/attestations", wallet::calls::who_answers(WORK).unwrap_or_default())
}

fn class_of(rules: &VerifyIdParameters, number: u8) -> Result<WorkClass> {
    let found = rules.work_classes.iter().find(|class| class.class == number).copied();
    found.ok_or_else(|| {
        let known: Vec<String> = rules.work_classes.iter().map(|class| class.class.to_string()).collect();
        let message = say!("chain_has_no_class_work_rates", number, join = known.join(", "));
        Error::new("unknown_class", message, say!("tells_what_each_them_takes"))
    })
}

/// What the chain would refuse is not begun.
fn may_attest(device: &DeviceAnswer, key: &DeviceKeyFile, network: Network) -> Result<()> {
    let show = format!("`thronos device show {}`", device.device.to_text(network));
    if device.key_id != key.key_id() {
        let message = say!("not_device_s_present_key");
        return Err(Error::new("other_key", message, say!("name_file_its_present_key_tells", show)));
    }
    if device.level.is_none() {
        return Err(Error::new("not_in_use", say!("device_suspended_revoked_held"), say!("see_command", show)));
    }
    if !device.kind.mines() {
        let message = say!("device_kind_does_not_mine");
        return Err(Error::new("wrong_kind", message, say!("register_miner_asic_gpu_miner_cpu")));
    }
    Ok(())
}

/// A lower class is not shown while a higher one counts.
fn may_show(device: &DeviceAnswer, class: &WorkClass) -> Result<()> {
    if device.work_class.is_some_and(|counts| counts > class.class) {
        let hint = say!("there_nothing_more_do_higher_class");
        return Err(Error::new("higher_class", say!("reject_higher_class"), hint));
    }
    Ok(())
}

/// Whether the chain takes what is shown by a beacon: it has to be newer than that of what the device showed before, and than its owner, key and
/// standing of now.
fn counts_for(device: &DeviceAnswer, beacon: &BeaconAnswer) -> bool {
    device.work_beacon.is_none_or(|last| beacon.number > last) && device.since <= beacon.time
}

/// What was shown before the device's owner, key or standing changed counts no more.
fn is_unchanged(begun: &DeviceAnswer, now: &DeviceAnswer, network: Network) -> Result<()> {
    if (begun.since, begun.owner, begun.key_id) == (now.since, now.owner, now.key_id) {
        return Ok(());
    }
    let hint = say!("device_has_changed_look", device = now.device.to_text(network));
    Err(Error::new("device_changed", say!("device_has_changed"), hint))
}

impl Attesting<'_> {
    /// Begins, or goes on with what an earlier run began and has not handed in.
    fn begin(&self, chain: &Chain, device: &DeviceAnswer) -> Result<(WorkBinding, Progress)> {
        match self.client.get_at::<Progress>(&self.path()) {
            Ok(open) if open.class == self.class.class && matches!(&*open.state, "open" | "complete") => {
                // A beacon that is forgotten, or was used already, is of no more use.
                let beacon = match self.beacon(Some(open.beacon)) {
                    Err(error) if error.is_of_node && &*error.code == "not_found" => None,
                    beacon => Some(beacon?),
                };
                if let Some(beacon) = beacon.filter(|beacon| counts_for(device, beacon)) {
                    self.context.note(&say!("was_begun_before_goes_on"));
                    return Ok((self.binding(chain, &beacon), open));
                }
            }
            Err(error) if !(error.is_of_node && &*error.code == "not_found") => return Err(error),
            _ => {}
        }
        let beacon = self.fresh_beacon(device)?;
        let binding = self.binding(chain, &beacon);
        let signature = self.key.sign(&binding.statement(self.word.valid_until));
        let wish = json!({
            "device": self.key.device().to_text(chain.network()), "class": self.class.class, "beacon": beacon.number,
            "valid_until": self.word.valid_until, "signature": hex::encode(&*signature),
        });
        let begun = self.client.post_at(&attestations(), &wish).map_err(with_advice)?;
        let text = self.key.device().to_text(chain.network());
        self.context.note(&say!("begun_beacon_machines_mine_node_s", number = beacon.number, text));
        Ok((binding, begun))
    }

    fn path(&self) -> String {
        format!("{}/{}", attestations(), self.key.device().0)
    }

    /// A beacon, the newest unless a number is given; the node's word, as the chain will tell.
    fn beacon(&self, number: Option<u64>) -> Result<BeaconAnswer> {
        let arguments: QueryArguments = number.iter().map(|number| ("number".to_owned(), number.to_string())).collect();
        let answer = self.client.query(VerifyId::NAME, "beacon", &arguments)?;
        let beacon: BeaconAnswer = serde_json::from_value(answer).map_err(|_| bad_answer(&say!("what_no_beacon")))?;
        if number.is_none_or(|number| beacon.number == number) {
            Ok(beacon)
        } else {
            Err(bad_answer(&say!("another_beacon")))
        }
    }

    /// The newest beacon, once it is newer than all that happened to the device: by an older one nobody would hash for anything.
    fn fresh_beacon(&self, device: &DeviceAnswer) -> Result<BeaconAnswer> {
        let longest = Duration::from_millis(self.interval_ms.saturating_add(BEACON_WAIT_MS));
        let (start, mut has_told) = (Instant::now(), false);
        loop {
            let beacon = self.beacon(None)?;
            if counts_for(device, &beacon) {
                return Ok(beacon);
            }
            if start.elapsed() >= longest {
                let hint = say!("see_whether_chain_goes_on");
                return Err(Error::new("no_newer_beacon", say!("no_newer_beacon_came"), hint));
            }
            if !std::mem::replace(&mut has_told, true) {
                self.context.note(&say!("waits_for_beacon"));
            }
            std::thread::park_timeout(Duration::from_millis(BEACON_LOOK_MS));
        }
    }

    fn binding(&self, chain: &Chain, beacon: &BeaconAnswer) -> WorkBinding {
        let (device, class) = (self.key.device(), self.class.class);
        WorkBinding { chain_id: chain.id(), device, class, beacon: beacon.number, value: beacon.value }
    }

    /// Waits until all shares are there, and tells meanwhile how far it is.
    fn watch(&self, binding: &WorkBinding, begun: Progress) -> Result<List<WorkGroup, GROUPS_MAX>> {
        let longest = Duration::from_millis(self.class.window_ms.saturating_add(BEYOND_MS));
        let (start, mut progress, mut said) = (Instant::now(), begun, None::<(u16, u32, Instant)>);
        loop {
            let Progress { device, class, beacon, binding: bound, .. } = progress;
            let expected = (binding.device.0, binding.class, binding.beacon, binding.digest());
            if (device, class, beacon, bound) != expected {
                return Err(bad_answer(&say!("another_attestation_than_was_begun")));
            }
            match &*progress.state {
                "complete" => return Ok(progress.groups),
                "open" if start.elapsed() < longest => {}
                _ => return Err(self.lapsed(&progress)),
            }
            let (shares, connections) = (progress.shares, progress.connections);
            let is_news = said.is_none_or(|(before, machines, at)| {
                (before, machines) != (shares, connections) || at.elapsed() >= Duration::from_millis(TOLD_MS)
            });
            if is_news {
                self.context.note(&progress_words(&progress));
                said = Some((shares, connections, Instant::now()));
            }
            std::thread::park_timeout(Duration::from_millis(progress.left_ms.clamp(LOOK_MS_MIN, LOOK_MS)));
            progress = self.client.get_at(&self.path()).map_err(|error| {
                let hint = say!("run_command_again_what_was_begun", hint = error.hint);
                Error { hint, ..error }
            })?;
        }
    }

    fn lapsed(&self, progress: &Progress) -> Error {
        let (shares, needed) = (progress.shares, progress.shares_needed);
        let message = say!("only_shares_came_time", shares, needed);
        let hint = if progress.connections == 0 {
            let device = self.key.device().0;
            say!("nothing_was_sent_no_machine_mined", device)
        } else {
            // So many shares of this difficulty in the window are found at this rate on average: half of the tries.
            let hashes = u128::from(self.class.shares) * u128::from(self.class.difficulty) * 4_295;
            let rate = hashes.checked_div(u128::from(self.class.window_ms)).and_then(|rate| u64::try_from(rate).ok());
            let rate = rate_words(rounded(rate.unwrap_or(u64::MAX)));
            match self.lower {
                Some(lower) => say!("nothing_was_sent_take_lower_class", rate, lower),
                None => say!("nothing_was_sent_faster_machines", rate),
            }
        };
        Error::new("attestation_lapsed", message, hint)
    }

    /// The call with all shares, once they are judged as the chain judges them.
    fn call(&self, binding: &WorkBinding, groups: List<WorkGroup, GROUPS_MAX>) -> Result<VerifyIdCall> {
        let count: usize = groups.iter().map(|group| group.shares.len()).sum();
        if count != usize::from(self.class.shares) {
            return Err(bad_answer(&say!("shares_where_make_attestation", count, shares = self.class.shares)));
        }
        let target = self.class.difficulty().map(pow::Difficulty::target);
        let target = target.ok_or_else(|| bad_answer(&say!("class_rates_without_difficulty")))?;
        judge_shares(&groups, binding.digest(), target)
            .map_err(|reject| bad_answer(&say!("shares_chain_would_refuse", reject = format!("{reject:?}"))))?;
        let valid_until = self.word.valid_until;
        Ok(VerifyIdCall::AttestWork(AttestWork {
            device: binding.device,
            class: binding.class,
            beacon: binding.beacon,
            valid_until,
            signature: self.key.sign(&binding.statement(valid_until)),
            groups,
        }))
    }
}

fn progress_words(progress: &Progress) -> String {
    let (shares, needed, left_s) = (progress.shares, progress.shares_needed, progress.left_ms.div_ceil(1_000));
    let machines = match progress.connections {
        0 => say!("no_machine_mines_device_yet"),
        connections => say!("from_connections", connection = say!("counted_connections", count = connections)),
    };
    say!("shares_s_left", shares, needed, machines, left_s)
}

/// The chain's answer, and what the device is good for now.
fn told(done: Report, class: &WorkClass, device: &DeviceAnswer) -> Report {
    let rows = [
        ("level:", level_words(device)),
        ("showed:", say!("at_least", rate_words = rate_words(class.floor))),
        ("counts until:", when(device.work_until)),
    ];
    let more: Value = json!({
        "level": device.level, "work_class": device.work_class, "floor": class.floor, "work_until": device.work_until,
    });
    done.and(&rows, more)
}

/// To two digits, upwards.
fn rounded(rate: u64) -> u64 {
    let unit = 10_u64.saturating_pow(rate.checked_ilog10().unwrap_or_default().saturating_sub(1));
    rate.div_ceil(unit).saturating_mul(unit)
}

/// Hashes a second for people, in a unit of which there are less than a thousand where that is whole.
fn rate_words(rate: u64) -> String {
    const UNITS: [&str; 6] = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s"];
    let (mut rate, mut unit) = (rate, 0);
    while rate >= 1_000 && rate.is_multiple_of(1_000) && unit + 1 < UNITS.len() {
        (rate, unit) = (rate / 1_000, unit + 1);
    }
    format!("{rate} {}", UNITS.get(unit).unwrap_or(&"H/s"))
}

fn bad_answer(what: &str) -> Error {
    Error::new("bad_answer", say!("node_gives", what), say!("nothing_was_sent_attest_another_node"))
}

/// An error of the node, with what else helps.
fn with_advice(error: Error) -> Error {
    let advice = match &*error.code {
        _ if !error.is_of_node => return error,
        "not_found" => say!("name_node_has_port_miners_node"),
        "beacon_too_old" | "attestation_open" => say!("run_command_again"),
        _ => return error,
    };
    Error { hint: format!("{}; {advice}", error.hint), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device with what is changed of it.
    fn device(change: impl FnOnce(&mut DeviceAnswer)) -> DeviceAnswer {
        let mut answer = serde_json::from_value(json!({
            "device": Hash32([1; 32]), "owner": types::Address([2; 20]), "customer": types::Address([2; 20]), "kind": "asic",
            "status": "verified", "level": 2, "work_class": 1, "algorithm": "ed25519", "key": "", "key_id": Hash32([1; 32]),
            "rotation": 0, "accepted": true, "work_until": 1_700_000_000_007_u64, "work_beacon": null, "tpm_until": 0,
            "vendor_until": 0, "registered_height": 1, "registered": 1, "since": 5, "verified": 2, "reason": 0, "hold_until": 0,
            "offered_to": null, "offered_until": null, "announced_key": null, "announced_from": null,
        }))
        .expect("an answer of the rules");
        change(&mut answer);
        answer
    }

    #[test]
    fn what_the_chain_said_is_followed_by_the_level_and_what_was_shown() {
        let class = WorkClass { class: 1, floor: 75_000_000, difficulty: 250, shares: 4, window_ms: 60_000 };
        let told = told(Report::new("final:  block 7\n", json!({"id": "x"})), &class, &device(|_| {}));
        let text = told.render(false);
        assert!(text.starts_with("final:  block 7\nlevel:"), "{text}");
        assert!(text.contains("at least 75 MH/s") && text.contains("2023-11-14"), "{text}");
        let json: Value = serde_json::from_str(&told.render(true)).expect("JSON");
        assert_eq!((&json["id"], &json["level"], &json["floor"]), (&json!("x"), &json!(2), &json!(75_000_000)));
    }

    #[test]
    fn what_a_former_owner_or_key_showed_is_not_sent() {
        let begun = device(|_| {});
        is_unchanged(&begun, &device(|now| now.verified.0 += 1), Network::Test).expect("the same");
        for changed in [
            device(|now| now.since = types::TimeMs(6)),
            device(|now| now.owner = types::Address([3; 20])),
            device(|now| now.key_id = Hash32([7; 32])),
        ] {
            let error = is_unchanged(&begun, &changed, Network::Test).expect_err("it has changed");
            assert!(
                error.code == "device_changed" && error.hint.contains("`thronos device show thrtdev1"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn an_attestation_goes_on_by_its_beacon_whatever_was_verified_meanwhile() {
        let beacon = BeaconAnswer { number: 7, time: types::TimeMs(100), value: Hash32([3; 32]) };
        let known = |work_beacon, since, verified| {
            device(|device| {
                (device.work_beacon, device.since, device.verified) =
                    (work_beacon, types::TimeMs(since), types::TimeMs(verified));
            })
        };
        for (device, counts) in [
            (known(None, 100, 0), true),
            (known(None, 100, 5_000), true),
            (known(Some(6), 100, 5_000), true),
            (known(Some(7), 100, 0), false),
            (known(None, 101, 0), false),
        ] {
            assert_eq!(counts_for(&device, &beacon), counts, "{device:?}");
        }
        let class = |class: u8| WorkClass { class, floor: 1, difficulty: 1, shares: 4, window_ms: 60_000 };
        let shown = device(|device| device.work_class = Some(3));
        assert_eq!(may_show(&shown, &class(2)).expect_err("lower").code, "higher_class");
        for same_or_higher in [3, 4] {
            may_show(&shown, &class(same_or_higher)).expect("it may");
        }
    }

    #[test]
    fn a_rate_that_is_needed_is_told_to_two_digits_and_never_too_low() {
        for (rate, told) in [(0, 0), (7, 7), (4_581_333, 4_600_000), (99_000, 99_000), (99_001, 100_000)] {
            assert_eq!(rounded(rate), told);
        }
        assert!(rounded(u64::MAX) >= u64::MAX / 100 * 99);
    }

    #[test]
    fn rates_are_told_in_whole_numbers_of_the_largest_unit() {
        for (rate, text) in [
            (0, "0 H/s"),
            (999, "999 H/s"),
            (75_000_000, "75 MH/s"),
            (1_500, "1500 H/s"),
            (50_000_000_000_000, "50 TH/s"),
            (u64::MAX, "18446744073709551615 H/s"),
        ] {
            assert_eq!(rate_words(rate), text);
        }
    }
}
