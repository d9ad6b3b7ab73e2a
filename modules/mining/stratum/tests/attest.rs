//! Sessions that mine as a device: who may, and how their work is attested.

mod rig;

use pow::{Coinbase, CompactBits, Difficulty, WorkHeader, merkle, sha256d};
use rig::{Miner, POOLED, Rig, SOLO, START_MS, WireJob, code, difficulty, template, user};
use serde_json::Value;
use stratum::{
    AttestProgress, AttestState, AttestTerms, CloseReason, ConnectionId, Input, MiningDevice, NotBegun, Refusal,
    Template, limits,
};
use types::{Address, Hash32};

const DEVICE: MiningDevice = MiningDevice { id: Hash32([0xd1; 32]), level: 1 };
const TEXT: &str = "thrtdev1made";
/// Some 430 hashes.
const ASKED: &str = "0.0000001";

fn terms(device: MiningDevice, beacon: u64) -> AttestTerms {
    AttestTerms {
        device: device.id,
        owner: Address([1; 20]),
        class: 3,
        beacon,
        binding: Hash32([0xb0 + beacon as u8; 32]),
        difficulty: difficulty(ASKED),
        shares: 5,
        until_ms: START_MS + 600_000,
        ends_ms: START_MS + 660_000,
    }
}

/// Subscribes, and logs in as a device, for which somebody else answers.
fn log_in(rig: &mut Rig, port: usize, (user, password): (&str, &str), device: MiningDevice) -> Miner {
    let connection = rig.connect(port);
    let subscribed = rig.ask(connection, "mining.subscribe", "[]");
    let answer = authorize(rig, connection, (user, password), Ok(Some(device)));
    assert_eq!(answer["result"], true, "{answer}");
    let mut miner = Miner {
        connection,
        user: user.to_owned(),
        session: subscribed["result"][0][1][1].as_str().expect("a session id").to_owned(),
        extranonce1: hex::decode(subscribed["result"][1].as_str().expect("an extranonce1")).expect("hex"),
        jobs: Vec::new(),
        difficulty: None,
        counter: 0,
    };
    miner.listen(rig);
    miner
}

/// The answer to a login that outside is asked about.
fn authorize(
    rig: &mut Rig,
    connection: ConnectionId,
    (user, password): (&str, &str),
    answer: Result<Option<MiningDevice>, Refusal>,
) -> Value {
    let line = format!(r#"{{"id":5,"method":"mining.authorize","params":["{user}","{password}"]}}"#);
    assert!(rig.say(connection, &line).is_empty(), "it waits for outside");
    let (connection, ticket) = rig.admissions.pop().expect("a question");
    rig.step(Input::Admission { connection, ticket, answer });
    rig.inbox.get_mut(&connection).expect("an answer").remove(0)
}

fn begin(rig: &mut Rig, terms: AttestTerms) {
    assert_eq!(rig.server.may_attest(&terms), Ok(()));
    rig.step(Input::Attest(terms));
}

fn rigged() -> (Rig, Miner) {
    let mut rig = Rig::new();
    rig.work(template(1));
    let miner = log_in(&mut rig, SOLO, (&user(1, "rig"), &format!("x,v={TEXT}")), DEVICE);
    (rig, miner)
}

/// What the rules look at: what stands directly behind the height.
fn binding(job: &WireJob, extranonce1: &[u8]) -> Option<Hash32> {
    let coinbase = [&job.coinbase1[..], extranonce1, &[0; 8], &job.coinbase2[..]].concat();
    let (from, to) = Coinbase::parse(&coinbase).expect("a coinbase").free;
    let bound = coinbase[from..to].strip_prefix(&[0x24, b'V', b'I', b'D', b'1'])?;
    Hash32::from_slice(&bound[..32])
}

fn messages(rig: &mut Rig, connection: ConnectionId) -> Vec<String> {
    let lines = rig.inbox.get(&connection).map(Vec::as_slice).unwrap_or_default();
    let shown = lines.iter().filter(|line| line["method"] == "client.show_message");
    shown.map(|line| line["params"][0].as_str().expect("a text").to_owned()).collect()
}

/// Hands in a share that meets what is asked for.
fn hand_in(rig: &mut Rig, miner: &mut Miner) {
    let job = miner.job().clone();
    let found = miner.search(&job, difficulty(ASKED).target(), None);
    assert_eq!(code(&miner.submit(rig, &found)), 0);
}

fn progress(rig: &Rig) -> AttestProgress {
    rig.server.attestation(&DEVICE.id).expect("it was begun")
}

/// The header hashes of all groups in their order, the most significant byte first, each judged.
fn judged(progress: &AttestProgress) -> Vec<[u8; 32]> {
    let mut numbers = Vec::new();
    for group in &progress.groups {
        for share in &group.shares {
            let coinbase = [&group.coinbase1[..], &share.extranonce, &group.coinbase2[..]].concat();
            let read = Coinbase::parse(&coinbase).expect("a coinbase");
            let behind = &coinbase[read.free.0..read.free.1];
            assert!(behind.starts_with(&[&[0x24], &progress.terms.tag()[..]].concat()));
            let header = WorkHeader {
                version: share.version,
                previous: group.previous.0,
                merkle_root: merkle::fold(read.txid, &group.branch),
                time: share.time,
                bits: CompactBits(group.bits),
                nonce: share.nonce,
            };
            let mut hash = sha256d(&header.to_bytes());
            assert!(progress.terms.difficulty.target().is_met_by(&hash));
            hash.reverse();
            numbers.push(hash);
        }
    }
    numbers
}

#[test]
fn a_login_as_a_device_is_asked_about_and_refused_with_a_sentence_for_each_reason() {
    let mut rig = Rig::new();
    rig.work(template(1));
    let connection = rig.connect(SOLO);
    rig.ask(connection, "mining.subscribe", "[]");
    let login = (&*user(1, "rig"), "d=2;v=thrtdev1made");
    let refusals = [
        (Refusal::UnknownDevice, "register"),
        (Refusal::OtherOwner, "owner"),
        (Refusal::DeviceSuspended, "authority"),
        (Refusal::DeviceRevoked, "another key"),
        (Refusal::DeviceHeld, "wait"),
    ];
    for (refusal, what_to_do) in refusals {
        let answer = authorize(&mut rig, connection, login, Err(refusal));
        assert_eq!(code(&answer), 24, "{answer}");
        assert!(answer["error"][1].as_str().expect("a sentence").contains(what_to_do), "{answer}");
    }
    assert!(rig.asked.iter().all(|device| device.as_deref() == Some(TEXT)), "{:?}", rig.asked);
    assert_eq!(rig.server.clients().count(), 0);
    // Whoever says nothing of a device said nothing good of it.
    assert_eq!(code(&authorize(&mut rig, connection, login, Ok(None))), 24);
    assert_eq!(authorize(&mut rig, connection, login, Ok(Some(DEVICE)))["result"], true);
    // A second device on the connection is refused, a worker without one and the same one are not.
    let other = MiningDevice { id: Hash32([0xd2; 32]), level: 4 };
    let second = user(1, "second");
    assert_eq!(code(&authorize(&mut rig, connection, (&second, "v=other"), Ok(Some(other)))), 24);
    assert_eq!(code(&rig.ask(connection, "mining.authorize", &format!(r#"["{second}","x"]"#))), 0);
    assert_eq!(authorize(&mut rig, connection, (&second, "v=thrtdev1made"), Ok(Some(DEVICE)))["result"], true);
    // What names no device is refused without a question.
    let asked = rig.asked.len();
    assert_eq!(code(&rig.ask(connection, "mining.authorize", &format!(r#"["{second}","v=a-b"]"#))), 24);
    assert_eq!(rig.asked.len(), asked);
}

#[test]
fn an_open_attestation_sets_a_fixed_difficulty_and_binds_each_job_until_all_shares_are_there() {
    let (mut rig, mut miner) = rigged();
    // A share of the chain is lighter than one of the class.
    rig.work(Template { share_target: difficulty("0.00000001").target(), ..template(2) });
    miner.listen(&mut rig);
    let before = (miner.difficulty, miner.job().clone());
    assert_eq!(binding(&before.1, &miner.extranonce1), None);
    let attested = terms(DEVICE, 1);
    begin(&mut rig, attested);
    let told = messages(&mut rig, miner.connection);
    assert_eq!(told, ["Work attestation of class 3: 0 of 5 shares, 600 s left"]);
    miner.listen(&mut rig);
    assert_eq!(miner.difficulty, Some(1e-7), "above that of a share of the chain");
    assert!(miner.job().clean);
    assert_eq!(binding(miner.job(), &miner.extranonce1), Some(attested.binding));
    assert_eq!(rig.server.clients().next().map(|client| client.difficulty), Some(difficulty(ASKED)));
    // Neither silence nor wishes change the difficulty.
    for _ in 0..10 {
        rig.wait(20_000);
        miner.listen(&mut rig);
    }
    rig.ask(miner.connection, "mining.suggest_difficulty", "[0.5]");
    miner.listen(&mut rig);
    assert!(miner.jobs.iter().skip(2).all(|job| job.difficulty == Some(1e-7)));
    for _ in 0..4 {
        hand_in(&mut rig, &mut miner);
    }
    assert_eq!((progress(&rig).state, progress(&rig).shares, progress(&rig).connections), (AttestState::Open, 4, 1));
    assert!(progress(&rig).groups.is_empty(), "nothing is given out before the end");
    let weight = rig.server.book().all().billionths;
    hand_in(&mut rig, &mut miner);
    assert_eq!(rig.server.book().all().billionths - weight, difficulty(ASKED).billionths(), "it pays as any");
    let done = progress(&rig);
    assert_eq!((done.state, done.shares), (AttestState::Complete, 5));
    assert!(judged(&done).is_sorted_by(|a, b| a < b));
    assert_eq!(judged(&done).len(), 5);
    assert_eq!(binding(miner.job(), &miner.extranonce1), None, "the next job is as any");
    assert!(miner.job().clean);
    // The same shares once more are duplicates, and more of them are not kept.
    let bound = miner.jobs.iter().rev().find(|job| binding(job, &miner.extranonce1).is_some()).cloned().expect("a job");
    let found = miner.search(&bound, difficulty(ASKED).target(), None);
    assert_eq!((code(&miner.submit(&mut rig, &found)), code(&miner.submit(&mut rig, &found))), (0, 22));
    assert_eq!(progress(&rig), done);
}

#[test]
fn shares_of_several_works_and_connections_are_in_one_rising_order() {
    let (mut rig, mut miner) = rigged();
    let mut second = log_in(&mut rig, POOLED, (&user(1, "other"), "v=thrtdev1made"), DEVICE);
    let stranger = MiningDevice { id: Hash32([0xd2; 32]), ..DEVICE };
    let mut stranger = log_in(&mut rig, SOLO, (&user(2, "rig"), "v=stranger"), stranger);
    let early = miner.find();
    begin(&mut rig, AttestTerms { shares: 12, ..terms(DEVICE, 1) });
    [&mut miner, &mut second, &mut stranger].into_iter().for_each(|miner| {
        miner.listen(&mut rig);
    });
    assert!(binding(second.job(), &second.extranonce1).is_some());
    assert_eq!(binding(stranger.job(), &stranger.extranonce1), None, "another device's work is its own");
    assert_eq!(code(&miner.submit(&mut rig, &early)), 0);
    assert_eq!(progress(&rig).shares, 0, "what binds nothing shows nothing");
    for work in 2..5 {
        for miner in [&mut miner, &mut second] {
            hand_in(&mut rig, miner);
            hand_in(&mut rig, miner);
        }
        rig.work(template(work));
        [&mut miner, &mut second].into_iter().for_each(|miner| {
            miner.listen(&mut rig);
        });
    }
    let done = progress(&rig);
    assert_eq!((done.state, done.connections), (AttestState::Complete, 2));
    let numbers = judged(&done);
    assert!(numbers.len() == 12 && numbers.is_sorted_by(|a, b| a < b));
    let works: std::collections::BTreeSet<_> = done.groups.iter().map(|group| group.previous).collect();
    assert_eq!(works.len(), 3);
}

#[test]
fn a_session_that_comes_back_goes_on_with_what_its_device_attests() {
    let (mut rig, mut miner) = rigged();
    begin(&mut rig, terms(DEVICE, 1));
    miner.listen(&mut rig);
    let job = miner.job().clone();
    let found = miner.search(&job, difficulty(ASKED).target(), None);
    rig.hang_up(miner.connection);
    miner.connection = rig.connect(SOLO);
    rig.ask(miner.connection, "mining.subscribe", &format!(r#"["ua","{}"]"#, miner.session));
    let login = authorize(&mut rig, miner.connection, (&miner.user, "v=thrtdev1made"), Ok(Some(DEVICE)));
    assert_eq!(login["result"], true);
    miner.listen(&mut rig);
    assert!(binding(miner.job(), &miner.extranonce1).is_some());
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    assert_eq!(progress(&rig).shares, 1);
}

#[test]
fn an_attestation_that_lapses_is_told_of_and_forgotten_and_the_difficulty_is_measured_anew() {
    let (mut rig, mut miner) = rigged();
    let usual = miner.difficulty;
    begin(&mut rig, AttestTerms { until_ms: START_MS + 60_000, ends_ms: START_MS + 70_000, ..terms(DEVICE, 1) });
    miner.listen(&mut rig);
    rig.wait(30_000);
    let told = messages(&mut rig, miner.connection);
    assert_eq!(told, ["Work attestation of class 3: 0 of 5 shares, 30 s left"]);
    miner.listen(&mut rig);
    hand_in(&mut rig, &mut miner);
    rig.wait(30_000);
    let told = messages(&mut rig, miner.connection);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("only 1 of 5 shares came in time"), "{told:?}");
    miner.listen(&mut rig);
    assert_eq!((miner.difficulty, binding(miner.job(), &miner.extranonce1)), (usual, None));
    assert_eq!((progress(&rig).state, progress(&rig).groups), (AttestState::Lapsed, Vec::new()));
    rig.wait(10_000 + limits::ATTESTATION_KEPT_MS);
    assert_eq!(rig.server.attestation(&DEVICE.id), None);
}

#[test]
fn one_attestation_of_a_device_is_open_and_all_of_them_are_bounded() {
    let (mut rig, mut miner) = rigged();
    let first = terms(DEVICE, 2);
    let refused = |rig: &Rig, terms: AttestTerms| rig.server.may_attest(&terms).expect_err("refused");
    for shares in [0, limits::ATTESTED_SHARES_MAX + 1] {
        assert_eq!(refused(&rig, AttestTerms { shares, ..first }), NotBegun::Shares(shares));
    }
    for (until_ms, ends_ms) in [(0, 1), (2, 1), (1, limits::ATTESTATION_MS_MAX + 1)] {
        let (until_ms, ends_ms) = (START_MS + until_ms, START_MS + ends_ms);
        assert_eq!(refused(&rig, AttestTerms { until_ms, ends_ms, ..first }), NotBegun::Over);
    }
    begin(&mut rig, first);
    miner.listen(&mut rig);
    hand_in(&mut rig, &mut miner);
    // Begun again it goes on, an earlier beacon is refused, a later one takes its place.
    begin(&mut rig, first);
    assert_eq!(progress(&rig).shares, 1);
    for beacon in [1, 2] {
        let other = AttestTerms { binding: Hash32([1; 32]), ..terms(DEVICE, beacon) };
        assert_eq!(refused(&rig, other), NotBegun::Earlier(2));
        rig.step(Input::Attest(other));
        assert_eq!(progress(&rig).terms, first);
    }
    let job = miner.job().clone();
    let of_first = miner.search(&job, difficulty(ASKED).target(), None);
    begin(&mut rig, terms(DEVICE, 3));
    miner.listen(&mut rig);
    assert_eq!(binding(miner.job(), &miner.extranonce1), Some(terms(DEVICE, 3).binding));
    assert_eq!(code(&miner.submit(&mut rig, &of_first)), 0, "it is good work");
    assert_eq!(progress(&rig).shares, 0, "and binds another beacon");
    // Sixteen of an owner, 256 of all.
    let of = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let mut id = [0; 32];
        id[..2].copy_from_slice(&[high, low]);
        AttestTerms { owner: Address([(number / 16) as u8; 20]), ..terms(MiningDevice { id: Hash32(id), level: 1 }, 1) }
    };
    for number in 17..=31 {
        begin(&mut rig, of(number));
    }
    assert_eq!(refused(&rig, AttestTerms { owner: Address([1; 20]), ..of(99) }), NotBegun::OwnerFull);
    let mut number = 32;
    while rig.server.may_attest(&of(number)).is_ok() {
        begin(&mut rig, of(number));
        number += 1;
    }
    assert_eq!(refused(&rig, of(number)), NotBegun::Full);
    assert_eq!(usize::from(number) - 16, limits::ATTESTATIONS_MAX);
    // Whoever shows no share gives way after two minutes: first of the same owner, then the oldest of all.
    rig.wait(limits::ATTESTATION_IDLE_MS);
    let late = |number: u16| {
        let now_ms = START_MS + limits::ATTESTATION_IDLE_MS;
        AttestTerms { until_ms: now_ms + 50_000, ends_ms: now_ms + 60_000, ..of(number) }
    };
    let gone = |rig: &Rig, number: u16| rig.server.attestation(&of(number).device).is_none();
    begin(&mut rig, AttestTerms { owner: Address([2; 20]), ..late(999) });
    assert!(gone(&rig, 32) && !gone(&rig, 17), "the oldest of this owner");
    begin(&mut rig, AttestTerms { owner: Address([90; 20]), ..late(1_000) });
    assert_eq!((17..=31).filter(|number| gone(&rig, *number)).count(), 1, "one of the oldest");
}

#[test]
fn attesting_again_and_again_is_no_way_around_the_level() {
    let mut rig = Rig::with(stratum::Config { require_level: 2, idle_ms: 86_400_000, ..rig::config() });
    rig.work(template(1));
    let login = (&*user(1, "rig"), "v=thrtdev1made");
    let (mut beacon, mut minutes) = (0, 0_u64);
    let connection = rig.connect(SOLO);
    rig.ask(connection, "mining.subscribe", "[]");
    loop {
        beacon += 1;
        let now_ms = START_MS + minutes * limits::DEVICE_ASKED_MS;
        let until_ms = now_ms + 2 * limits::DEVICE_ASKED_MS;
        begin(&mut rig, AttestTerms { until_ms, ends_ms: until_ms + 1_000, ..terms(DEVICE, beacon) });
        if minutes == 0 {
            assert_eq!(authorize(&mut rig, connection, login, Ok(Some(DEVICE)))["result"], true);
        }
        rig.wait(limits::DEVICE_ASKED_MS);
        minutes += 1;
        let (connection, ticket) = rig.admissions.pop().expect("a question");
        rig.step(Input::Admission { connection, ticket, answer: Ok(Some(DEVICE)) });
        if rig.closed.get(&connection) == Some(&CloseReason::Device) {
            break;
        }
    }
    assert_eq!(minutes * limits::DEVICE_ASKED_MS, limits::RISING_MS, "after two tries and a little more");
}

#[test]
fn it_is_asked_every_minute_how_a_device_stands_and_who_may_mine_no_more_is_told_and_closed() {
    let (mut rig, miner) = rigged();
    let minute = |rig: &mut Rig, answer| {
        rig.wait(limits::DEVICE_ASKED_MS - 1);
        assert!(rig.admissions.is_empty());
        rig.wait(1);
        let (connection, ticket) = rig.admissions.pop().expect("a question");
        assert_eq!((connection, rig.asked.last().cloned()), (miner.connection, Some(Some(TEXT.to_owned()))));
        rig.inbox.clear();
        rig.step(Input::Admission { connection, ticket, answer });
    };
    for good in [Ok(Some(DEVICE)), Err(Refusal::Busy), Ok(Some(MiningDevice { level: 0, ..DEVICE }))] {
        minute(&mut rig, good);
        assert!(rig.closed.is_empty() && rig.inbox.is_empty());
    }
    // An answer to no question changes nothing.
    rig.step(Input::Admission { connection: miner.connection, ticket: 1_000, answer: Err(Refusal::DeviceRevoked) });
    assert!(rig.closed.is_empty());
    minute(&mut rig, Err(Refusal::DeviceSuspended));
    let lines = rig.inbox.remove(&miner.connection).expect("it is told");
    assert_eq!((code(&lines[0]), lines[1]["method"].as_str()), (24, Some("client.show_message")));
    assert_eq!(rig.closed.get(&miner.connection), Some(&CloseReason::Device));
}

#[test]
fn where_a_level_is_required_only_devices_that_have_it_or_are_about_to_may_mine() {
    let mut rig = Rig::with(stratum::Config { require_level: 2, ..rig::config() });
    rig.work(template(1));
    let connection = rig.connect(SOLO);
    rig.ask(connection, "mining.subscribe", "[]");
    let without = rig.ask(connection, "mining.authorize", &format!(r#"["{}","x"]"#, user(1, "rig")));
    assert_eq!(code(&without), 24);
    assert!(without["error"][1].as_str().expect("a sentence").contains("v=DEVICE"), "{without}");
    let login = (&*user(1, "rig"), "v=thrtdev1made");
    let low = authorize(&mut rig, connection, login, Ok(Some(DEVICE)));
    assert_eq!(code(&low), 24);
    assert!(low["error"][1].as_str().expect("a sentence").contains("attest"), "{low}");
    begin(&mut rig, AttestTerms { until_ms: START_MS + 50_000, ..terms(DEVICE, 1) });
    assert_eq!(authorize(&mut rig, connection, login, Ok(Some(DEVICE)))["result"], true);
    // It lapsed, and the level did not rise.
    rig.wait(limits::DEVICE_ASKED_MS);
    let (connection, ticket) = rig.admissions.pop().expect("a question");
    rig.step(Input::Admission { connection, ticket, answer: Ok(Some(DEVICE)) });
    assert_eq!(rig.closed.get(&connection), Some(&CloseReason::Device));
    let high = log_in(&mut rig, SOLO, login, MiningDevice { level: 2, ..DEVICE });
    rig.wait(limits::DEVICE_ASKED_MS);
    let (connection, ticket) = rig.admissions.pop().expect("a question");
    rig.step(Input::Admission { connection, ticket, answer: Ok(Some(MiningDevice { level: 3, ..DEVICE })) });
    assert!(!rig.closed.contains_key(&high.connection));
}

#[test]
fn a_difficulty_of_a_class_is_told_exactly() {
    assert_eq!(difficulty(ASKED).to_string(), "0.0000001");
    assert_eq!(Difficulty::from_billionths(100).ok(), Some(difficulty(ASKED)));
}
