//! From an answer to a proof: verdicts come into batches, and batches onto the chain, from the service's account and once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crypto::merkle::{MerkleProof, verify};
use execution::{Module, ModuleView};
use serde_json::Value;
use service::account::{DeedError, Past, ServiceAccount, Unfit};
use service::chain::{Chain, Later};
use service::outbox::{DeedEnd, DeedState};
use service::{Service, http::Routes};
use tryout::{TryoutChain, answered, get};
use types::{Address, Amount, Call, Hash32, List, Nonce, TimeMs};
use verifyid::{BatchAnswer, DeviceId, SetPlan, Status, VerificationLeaf, VerifyId, VerifyIdCall, month_of, tags};

use super::harness::*;
use super::older::enrol;
use crate::{VerifyIdService, book, ledger};

const TEN_MINUTES_MS: u64 = 600_000;

/// An account that sends from a user of the chain, each deed once.
struct UsersAccount {
    chain: Arc<TryoutChain>,
    user: u8,
    ended: Mutex<BTreeMap<Hash32, DeedEnd>>,
    /// The next deeds are carried out, and nobody hears of it.
    is_mute: AtomicBool,
    /// It signs nothing that would be refused.
    is_careful: AtomicBool,
    /// What comes between the look at a batch and its sending.
    meanwhile: Mutex<Vec<VerifyIdCall>>,
}

impl ServiceAccount for UsersAccount {
    fn address(&self) -> Address {
        TryoutChain::user(self.user)
    }

    fn balance(&self) -> Option<Amount> {
        None
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn past(&self) -> Past {
        Past::New
    }

    fn begin(&self) -> Later<'_, ()> {
        Box::pin(async {})
    }

    fn trust(&self, _: Nonce) -> Later<'_, bool> {
        Box::pin(async { true })
    }

    fn abandon(&self, key: Hash32) -> Later<'_, Option<bool>> {
        let may = !self.ended.lock().expect("nobody panics").contains_key(&key);
        Box::pin(async move { Some(may) })
    }

    fn is_used_elsewhere(&self) -> Later<'_, Option<bool>> {
        Box::pin(async { Some(false) })
    }

    fn seen(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async { None })
    }

    fn known(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async { None })
    }

    fn fits(&self, mut calls: Vec<Call>) -> Later<'_, Result<(), Unfit>> {
        let code = self.chain.would_end(self.user, calls.pop().expect("one call"));
        for call in self.meanwhile.lock().expect("nobody panics").drain(..) {
            assert_eq!(self.chain.send(AUTHORITY, call.to_call().expect("short")), 0);
        }
        let fits = if code == 0 { Ok(()) } else { Err(Unfit::Now(format!("it would end with {code}"))) };
        Box::pin(async { fits })
    }

    fn payments(&self, _: &[(Address, Amount)]) -> Vec<Call> {
        Vec::new()
    }

    fn send(&self, key: Hash32, mut calls: Vec<Call>) -> Later<'_, Result<DeedEnd, DeedError>> {
        let mut ended = self.ended.lock().expect("nobody panics");
        // As the node's: what would be refused is not signed, and nothing comes of it until it is abandoned.
        let would = || self.chain.would_end(self.user, calls.last().expect("one call").clone());
        if !ended.contains_key(&key) && self.is_careful.load(Ordering::Relaxed) && would() != 0 {
            return Box::pin(std::future::pending());
        }
        let end = *ended.entry(key).or_insert_with(|| {
            let code = self.chain.send(self.user, calls.pop().expect("one call"));
            DeedEnd { id: key, height: *self.chain.heads().borrow(), code }
        });
        if self.is_mute.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move { Ok(end) })
    }

    fn state_of(&self, _: Hash32) -> Later<'_, Option<DeedState>> {
        Box::pin(async { None })
    }

    fn forget(&self, key: Hash32) -> Later<'_, ()> {
        self.ended.lock().expect("nobody panics").remove(&key);
        Box::pin(async {})
    }
}

/// A world whose service has the verifier's account, and whose customer lets it count.
fn with_account() -> (World, Arc<UsersAccount>) {
    let mut world = World::new();
    let (ended, is_mute, is_careful, meanwhile) = Default::default();
    let account = UsersAccount { chain: world.chain.clone(), user: VERIFIER, ended, is_mute, is_careful, meanwhile };
    let account = Arc::new(account);
    world.account = Some(account.clone());
    let verifier = TryoutChain::user(VERIFIER);
    world.call(OWNER, VerifyIdCall::AllowVerifier { verifier, allowed: true });
    at_block_time(&world);
    (world, account)
}

/// The wall's clock says what the newest block does.
fn at_block_time(world: &World) {
    let now_ms = world.chain.now_ms();
    world.clocks.set(|now| now.wall_ms = now_ms);
}

async fn verified(routes: &Routes, device: Device) -> String {
    let asked = challenge(routes, device).await;
    let verdict = hand_in(routes, &answer_of(device, &asked)).await;
    assert_eq!(verdict.status, 200, "{verdict:?}");
    verdict.body["challenge_id"].as_str().expect("digits").to_owned()
}

fn path(challenge: &str) -> String {
    format!("/api/v1/verifyid/verifications/{challenge}")
}

fn on_chain(world: &World, sequence: u64) -> Option<BatchAnswer> {
    let state = world.chain.state().expect("it is there");
    verifyid::batch(&ModuleView::new(&*state.view, VerifyId::ID), &TryoutChain::user(VERIFIER), sequence)
}

fn status(world: &World, device: Device) -> Status {
    let state = world.chain.state().expect("it is there");
    verifyid::device(&ModuleView::new(&*state.view, VerifyId::ID), &device.id()).expect("registered").status
}

fn used(world: &World) -> u64 {
    let state = world.chain.state().expect("it is there");
    let month = month_of(TimeMs(world.chain.now_ms()));
    verifyid::used(&ModuleView::new(&*state.view, VerifyId::ID), &TryoutChain::user(OWNER), month)
}

fn hash(value: &Value) -> Hash32 {
    value.as_str().expect("digits").parse().expect("a hash")
}

/// What anybody computes from a proof, against what the chain has.
fn holds(proof: &Value, record: &BatchAnswer) -> bool {
    let leaf = &proof["leaf"];
    let digits = leaf["challenge_id"].as_str().expect("digits");
    let small = |name: &str| u8::try_from(leaf[name].as_u64().expect("a number")).expect("small");
    let digest = VerificationLeaf {
        device: DeviceId(hash(&leaf["device"])),
        challenge: hex::decode(digits).expect("digits").try_into().expect("16 bytes"),
        time: TimeMs(leaf["time"].as_u64().expect("a number")),
        result: small("result"),
        method: small("method"),
        audience: hash(&leaf["audience_sha256"]),
        answer: hash(&leaf["answer_sha256"]),
    }
    .digest();
    assert_eq!(hash(&leaf["hash"]), digest);
    let number = |name: &str| u32::try_from(proof["path"][name].as_u64().expect("a number")).expect("small");
    let siblings = proof["path"]["siblings"].as_array().expect("a list").iter().map(hash).collect();
    let path =
        MerkleProof { index: number("index"), count: number("count"), siblings: List::new(siblings).expect("few") };
    verify(tags::TREE, &record.root, &digest, &path)
}

// FAULTS VS10
#[tokio::test]
async fn a_verification_comes_into_a_batch_on_the_chain_and_is_proven_against_it() {
    let (world, _) = with_account();
    let Lives { routes, running } = world.lives().await;
    let [first, second] = [verified(&routes, Device(0)).await, verified(&routes, Device(1)).await];
    let asked = challenge(&routes, Device(0)).await;
    assert_eq!(hand_in(&routes, &answer_of(Device(1), &asked)).await.status, 401);
    let (told, open) = get(&routes, &path(&first)).await;
    assert_eq!((told.as_u16(), &open["anchored"], &open["path"]), (200, &Value::Bool(false), &Value::Null));
    assert_eq!(status(&world, Device(0)), Status::Pending);
    world.clocks.pass(TEN_MINUTES_MS);
    let is_anchored = |answer: &Value| answer["anchored"] == true;
    let wrong = hex::encode(&preimage(&asked)[49..65]);
    let mut batches = Vec::new();
    for (challenge, result) in [(first, 1), (second, 1), (wrong, 2)] {
        let proof = answered(&routes, &path(&challenge), is_anchored).await;
        assert_eq!(proof["leaf"]["result"], result);
        let sequence = proof["batch"]["sequence"].as_u64().expect("a number");
        let record = on_chain(&world, sequence).expect("it is there");
        assert_eq!(proof["batch"]["height"].as_u64(), Some(record.height.0));
        assert_eq!(hash(&proof["batch"]["root"]), record.root);
        assert!(holds(&proof, &record));
        let mut changed = proof.clone();
        changed["path"]["index"] = Value::from((proof["path"]["index"].as_u64().expect("a number") + 1) % 3);
        assert!(!holds(&changed, &record), "of another place it proves nothing");
        batches.push((sequence, record.leaves, record.ok));
    }
    assert_eq!(batches, [(1, 3, 2); 3]);
    assert_eq!(
        (status(&world, Device(0)), status(&world, Device(1)), used(&world)),
        (Status::Verified, Status::Verified, 2)
    );
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(get(&routes, &path(&hex::encode([7; 16]))).await.0.as_u16(), 404);
    assert_eq!(get(&routes, &path("07")).await.0.as_u16(), 400);
}

// FAULTS VS10
#[tokio::test]
async fn a_device_that_comes_while_a_batch_is_open_is_verified_by_the_next_one() {
    let (world, _) = with_account();
    let Lives { routes, running } = world.lives().await;
    let first = verified(&routes, Device(0)).await;
    world.chain.pass();
    world.register(Device(2));
    at_block_time(&world);
    verified(&routes, Device(1)).await;
    let later = verified(&routes, Device(2)).await;
    world.clocks.pass(TEN_MINUTES_MS);
    let is_anchored = |answer: &Value| answer["anchored"] == true;
    let [one, other] =
        [answered(&routes, &path(&first), is_anchored).await, answered(&routes, &path(&later), is_anchored).await];
    assert_eq!((&one["batch"]["sequence"], &other["batch"]["sequence"]), (&Value::from(1), &Value::from(2)));
    assert_eq!(
        [on_chain(&world, 1), on_chain(&world, 2)].map(|batch| batch.map(|batch| batch.leaves)),
        [Some(2), Some(1)]
    );
    for device in [Device(0), Device(1), Device(2)] {
        assert_eq!(status(&world, device), Status::Verified, "{device:?}");
    }
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn what_a_customer_does_not_let_count_now_is_in_no_closed_batch_until_it_does() {
    let (world, _) = with_account();
    let verifier = TryoutChain::user(VERIFIER);
    world.register_by(VERIFIER, Device(4));
    world.call(VERIFIER, VerifyIdCall::AllowVerifier { verifier, allowed: true });
    at_block_time(&world);
    let Lives { routes, running } = world.lives().await;
    let is_anchored = |answer: &Value| answer["anchored"] == true;
    let first = verified(&routes, Device(0)).await;
    world.call(OWNER, VerifyIdCall::AllowVerifier { verifier, allowed: false });
    // Those of another customer go on; after two of them all that was due was looked at.
    for sequence in [1, 2] {
        at_block_time(&world);
        let other = verified(&routes, Device(4)).await;
        world.clocks.pass(TEN_MINUTES_MS);
        assert_eq!(answered(&routes, &path(&other), is_anchored).await["batch"]["sequence"], sequence);
    }
    let day = std::fs::read_dir(world.folder.path().join(ledger::files::FOLDER)).expect("a folder");
    let is_day = |name: &str| name.parse::<u32>().is_ok();
    let days = day.map(|day| day.expect("an entry")).filter(|day| day.file_name().to_str().is_some_and(is_day));
    let closed: usize = days.map(|day| std::fs::read_dir(day.path()).expect("a folder").count()).sum();
    assert_eq!(closed, 2, "it is open, and waits in nobody's way");
    world.call(OWNER, VerifyIdCall::AllowVerifier { verifier, allowed: true });
    world.clocks.pass(2 * TEN_MINUTES_MS);
    assert_eq!(answered(&routes, &path(&first), is_anchored).await["batch"]["sequence"], 3);
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn an_enrolment_counts_on_nobodys_plan_and_is_in_no_batch() {
    let (mut world, _) = with_account();
    world.settings.hmac_devices = true;
    let Lives { routes, running } = world.lives().await;
    assert_eq!(enrol(&world, &routes, (Device(1), Device(1))).await.status, 201);
    assert_eq!(enrol(&world, &routes, (Device(1), Device(0))).await.code(), (401, "bad_answer"));
    let last = verified(&routes, Device(0)).await;
    world.clocks.pass(TEN_MINUTES_MS);
    answered(&routes, &path(&last), |answer| answer["anchored"] == true).await;
    let batch = on_chain(&world, 1).expect("it is there");
    assert_eq!((batch.leaves, batch.ok, used(&world)), (1, 1, 1));
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn a_proof_names_the_account_that_put_its_batch_on_the_chain_also_after_another_one_is_used() {
    let (mut world, _) = with_account();
    let Lives { routes, running } = world.lives().await;
    let first = verified(&routes, Device(0)).await;
    world.clocks.pass(TEN_MINUTES_MS);
    let before = answered(&routes, &path(&first), |answer| answer["anchored"] == true).await;
    running.stop().await.expect("it ends without a fault");
    std::fs::rename(world.folder.path().join(ledger::FILE), world.folder.path().join("leaves.former"))
        .expect("our own");
    let (ended, is_mute, is_careful, meanwhile) = Default::default();
    let other = UsersAccount { chain: world.chain.clone(), user: OWNER, ended, is_mute, is_careful, meanwhile };
    world.account = Some(Arc::new(other));
    let Lives { routes, running } = world.lives().await;
    assert_eq!(get(&routes, &path(&first)).await.1, before);
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn with_a_clock_behind_the_chains_nothing_is_acknowledged_that_would_come_too_late() {
    let (world, _) = with_account();
    let Lives { routes, running } = world.lives().await;
    let asked = challenge(&routes, Device(0)).await;
    let behind = 3 * HOUR_MS;
    world.clocks.set(|now| now.wall_ms -= behind);
    assert_eq!(post(&routes, ASKER, ASK, &question(Device(0))).await.code(), (503, "clock_behind"));
    let refused = hand_in(&routes, &answer_of(Device(0), &asked)).await;
    assert_eq!(refused.code(), (503, "clock_behind"));
    world.clocks.set(|now| now.wall_ms += behind);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200, "the challenge stayed good");
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn a_batch_that_is_refused_for_a_device_is_sent_again_without_it() {
    let (world, account) = with_account();
    let suspended = VerifyIdCall::Suspend(verifyid::Out { device: Device(0).id(), reason: 1 });
    account.meanwhile.lock().expect("nobody panics").push(suspended);
    let Lives { routes, running } = world.lives().await;
    let first = verified(&routes, Device(0)).await;
    verified(&routes, Device(1)).await;
    world.clocks.pass(TEN_MINUTES_MS);
    let proof = answered(&routes, &path(&first), |answer| answer["anchored"] == true).await;
    assert_eq!(proof["batch"]["sequence"], 1);
    assert_eq!((status(&world, Device(0)), status(&world, Device(1))), (Status::Suspended, Status::Verified));
    assert_eq!(used(&world), 2);
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn a_batch_that_came_to_be_refused_before_it_was_signed_holds_up_no_other() {
    let (world, account) = with_account();
    account.is_careful.store(true, Ordering::Relaxed);
    let suspended = VerifyIdCall::Suspend(verifyid::Out { device: Device(0).id(), reason: 1 });
    account.meanwhile.lock().expect("nobody panics").push(suspended);
    let Lives { routes, running } = world.lives().await;
    let first = verified(&routes, Device(0)).await;
    verified(&routes, Device(1)).await;
    world.clocks.pass(TEN_MINUTES_MS);
    // It is put off for a minute, by the service's own clock, once it was given up.
    let is_anchored = |answer: &Value| {
        world.clocks.pass(1_000);
        answer["anchored"] == true
    };
    let proof = answered(&routes, &path(&first), is_anchored).await;
    assert_eq!(proof["batch"]["sequence"], 1);
    assert_eq!((status(&world, Device(0)), status(&world, Device(1))), (Status::Suspended, Status::Verified));
    assert_eq!(used(&world), 2);
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn a_batch_that_was_sent_before_a_stop_and_of_which_nobody_heard_is_on_the_chain_once() {
    let (world, account) = with_account();
    account.is_mute.store(true, Ordering::Relaxed);
    for forgets in [false, true] {
        let Lives { routes, running } = world.lives().await;
        let first = verified(&routes, Device(0)).await;
        world.clocks.pass(TEN_MINUTES_MS);
        let mut heads = world.chain.heads();
        heads.changed().await.expect("the chain is there");
        running.stop().await.expect("it ends without a fault");
        if forgets {
            // As where the account's log was moved away: the chain alone knows.
            account.ended.lock().expect("nobody panics").clear();
        }
        account.is_mute.store(false, Ordering::Relaxed);
        let Lives { routes, running } = world.lives().await;
        let sequence = if forgets { 2 } else { 1 };
        let proof = answered(&routes, &path(&first), |answer| answer["anchored"] == true).await;
        assert_eq!(proof["batch"]["sequence"], sequence);
        assert!(holds(&proof, &on_chain(&world, sequence).expect("it is there")));
        assert_eq!((used(&world), on_chain(&world, sequence + 1)), (sequence, None));
        running.stop().await.expect("it ends without a fault");
        account.is_mute.store(true, Ordering::Relaxed);
        at_block_time(&world);
    }
}

// FAULTS VS11
#[tokio::test]
async fn as_many_are_acknowledged_as_the_month_has_room_for_however_many_answer_at_once() {
    let (world, _) = with_account();
    let Lives { routes, running } = world.lives().await;
    let mut asked = Vec::new();
    for _ in 0..130 {
        asked.push(answer_of(Device(0), &challenge(&routes, Device(0)).await));
    }
    let tasks = asked.iter().cloned().map(|answer| {
        let routes = routes.clone();
        tokio::spawn(async move { hand_in(&routes, &answer).await })
    });
    let (mut good, mut refused) = (0, Vec::new());
    for task in tasks.collect::<Vec<_>>() {
        let answered = task.await.expect("it does not panic");
        match answered.status {
            200 => good += 1,
            _ => refused.push(answered),
        }
    }
    assert_eq!((good, refused.len()), (100, 30), "what is free");
    for answered in &refused {
        assert_eq!(answered.code(), (402, "plan_required"));
        assert_eq!((answered.body["limit"].as_u64(), answered.body["used"].as_u64()), (Some(100), Some(100)));
        assert_eq!(
            (answered.body["remaining"].as_u64(), answered.headers.contains_key("retry-after")),
            (Some(0), true)
        );
    }
    assert_eq!(post(&routes, ASKER, ASK, &question(Device(0))).await.code(), (402, "plan_required"));
    // Paying helps at once, and with the challenge that was refused.
    let (customer, until) = (TryoutChain::user(OWNER), TimeMs(world.chain.now_ms() + HOUR_MS));
    world.call(AUTHORITY, VerifyIdCall::SetPlan(SetPlan { customer, plan: 1, until }));
    let mut again = 0;
    for answer in &asked {
        again += usize::from(hand_in(&routes, answer).await.status == 200);
    }
    assert_eq!(again, 30);
    running.stop().await.expect("it ends without a fault");
    // What is not on the chain yet counts over a restart.
    let Lives { routes, running } = world.lives().await;
    let none = SetPlan { customer, plan: 0, until: TimeMs(0) };
    world.call(AUTHORITY, VerifyIdCall::SetPlan(none));
    let refused = post(&routes, ASKER, ASK, &question(Device(0))).await;
    assert_eq!((refused.code(), refused.body["used"].as_u64()), ((402, "plan_required"), Some(130)));
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn whose_customer_does_not_let_it_count_is_verified_and_in_no_batch() {
    let (world, _) = with_account();
    let verifier = TryoutChain::user(VERIFIER);
    world.call(OWNER, VerifyIdCall::AllowVerifier { verifier, allowed: false });
    let Lives { routes, running } = world.lives().await;
    let first = verified(&routes, Device(0)).await;
    assert_eq!(get(&routes, &path(&first)).await.0.as_u16(), 404);
    running.stop().await.expect("it ends without a fault");
    let without = World::new();
    let Lives { routes, running } = without.lives().await;
    let first = verified(&routes, Device(0)).await;
    let (status, body) = get(&routes, &path(&first)).await;
    assert_eq!((status.as_u16(), body["message"].as_str()), (404, Some("this node keeps no verifications")));
    assert!(!without.folder.path().join(ledger::FILE).exists());
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS10
#[tokio::test]
async fn a_verdict_that_was_told_is_in_the_ledger_whatever_a_kill_leaves_of_what_came_later() {
    let (world, _) = with_account();
    let Lives { routes, running } = world.lives().await;
    let file = world.folder.path().join(ledger::FILE);
    let told = verified(&routes, Device(0)).await;
    let before = std::fs::read(&file).expect("a file").len();
    let later = verified(&routes, Device(1)).await;
    let whole = std::fs::read(&file).expect("a file");
    running.stop().await.expect("it ends without a fault");
    for length in before..=whole.len() {
        std::fs::write(&file, &whole[..length]).expect("our own");
        let service = world.opened();
        let routes = Service::routes(&service);
        assert_eq!(get(&routes, &path(&told)).await.0.as_u16(), 200, "{length}");
        let is_whole = length == whole.len();
        assert_eq!(get(&routes, &path(&later)).await.0.as_u16(), if is_whole { 200 } else { 404 }, "{length}");
    }
}

/// Waits for it, a minute at most.
async fn until(is_so: impl Fn() -> bool) {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("it comes");
}

// FAULTS VS11
#[tokio::test]
async fn what_was_counted_is_given_back_when_it_is_not_written_down_though_whoever_asked_has_gone() {
    let (world, _) = with_account();
    let service = world.opened();
    let routes = Service::routes(&service);
    let answer = answer_of(Device(0), &challenge(&routes, Device(0)).await);
    let VerifyIdService { ground, batch_ms, open, tokens, tpms, enrolled } = service;
    let (office, mut writing) = open.expect("it is switched on");
    // Nothing can be written: the open file is full, and a folder stands where a new one would.
    writing.fill();
    let place = world.folder.path().join(book::FILE);
    std::fs::remove_file(&place).expect("our own");
    std::fs::create_dir(&place).expect("a name that is free");
    let ledger = office.ledger().cloned().expect("it has an account");
    let (customer, month) = (TryoutChain::user(OWNER), month_of(TimeMs(world.chain.now_ms())));
    let counted = || ledger.tab().beside(&customer, month, ledger.tab().point());
    let asking = {
        let routes = routes.clone();
        tokio::spawn(async move { hand_in(&routes, &answer).await })
    };
    until(|| counted() == 1).await;
    asking.abort();
    assert!(asking.await.is_err(), "it has gone");
    assert_eq!(counted(), 1, "the answer is on its way to the disk all the same");
    let service = VerifyIdService { ground, batch_ms, open: Some((office, writing)), tokens, tpms, enrolled };
    let running = tryout::Running::start(service);
    until(|| counted() == 0).await;
    running.stop().await.expect("it ends without a fault");
}
