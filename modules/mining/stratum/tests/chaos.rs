//! Whatever comes in whatever order: no panic, JSON lines only, and bounded memory.

mod rig;

use proptest::prelude::*;
use rig::{POOLED, Rig, SOLO, template, user};
use stratum::{ConnectionId, Input, KeptProofs, ProofId, Verdict, ledger, limits};
use types::{Address, Hash32};

#[derive(Clone, Debug)]
enum Act {
    Open(usize),
    Say(u64, String),
    Bytes(u64, Vec<u8>),
    Close(u64),
    Wait(u64),
    Work(u64),
    Verdict(u64),
    Mask(u32),
    Income(u8, u128),
    Mine(u64),
}

/// Requests of every kind with a bit of anything in them.
fn line() -> impl Strategy<Value = String> {
    let method = prop::sample::select(vec![
        "mining.configure",
        "mining.subscribe",
        "mining.authorize",
        "mining.submit",
        "mining.suggest_difficulty",
        "mining.suggest_target",
        "mining.extranonce.subscribe",
        "mining.get_transactions",
        "mining.ping",
        "client.get_version",
        "x",
    ]);
    let value = prop::sample::select(vec![
        "null",
        "1",
        "-1",
        "1e400",
        "0.00015",
        "\"x\"",
        "\"0\"",
        "\"1\"",
        "\"ffffffff\"",
        "\"0000000000000000\"",
        "\"6553f100\"",
        "[]",
        "{}",
        "[\"version-rolling\",\"minimum-difficulty\",\"info\"]",
        "{\"version-rolling.mask\":\"1fffe000\"}",
        "\"THR0101010101010101010101010101010101010101.a\"",
        "\"THR0202020202020202020202020202020202020202\"",
    ]);
    (method, prop::collection::vec(value, 0..7), any::<u32>()).prop_map(|(method, params, id)| {
        format!(r#"{{"id":{id},"method":"{method}","params":[{}]}}"#, params.join(","))
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0_usize..3).prop_map(Act::Open),
        12 => (1_u64..8, line()).prop_map(|(connection, line)| Act::Say(connection, line)),
        3 => (1_u64..8, prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(connection, bytes)| Act::Bytes(connection, bytes)),
        1 => (1_u64..8).prop_map(Act::Close),
        3 => (0_u64..200_000).prop_map(Act::Wait),
        2 => (0_u64..6).prop_map(Act::Work),
        1 => (0_u64..4).prop_map(Act::Verdict),
        1 => any::<u32>().prop_map(Act::Mask),
        1 => (any::<u8>(), any::<u128>()).prop_map(|(reference, amount)| Act::Income(reference, amount)),
        4 => (1_u64..8).prop_map(Act::Mine),
    ]
}

fn perform(rig: &mut Rig, act: Act) {
    match act {
        Act::Open(port) => drop(rig.connect(port)),
        Act::Say(connection, line) => drop(rig.say(ConnectionId(connection), &line)),
        Act::Bytes(connection, bytes) => drop(rig.send(ConnectionId(connection), &bytes)),
        Act::Close(connection) => rig.hang_up(ConnectionId(connection)),
        Act::Wait(ms) => rig.wait(ms),
        Act::Work(work_height) => rig.work(template(work_height)),
        Act::Verdict(proof) => rig.step(Input::Verdict { proof: ProofId(proof), verdict: Verdict::Work }),
        Act::Mask(mask) => rig.step(Input::VersionMask(mask)),
        Act::Income(reference, amount) => {
            rig.step(Input::Income { reference: Hash32([reference; 32]), amount, fee: amount / 100 });
        }
        Act::Mine(byte) => {
            let connection = rig.connect(if byte % 2 == 0 { SOLO } else { POOLED });
            if rig.server.work().is_some() && !rig.closed.contains_key(&connection) {
                rig.now_ms += 301_000; // Any ban of this worker is over.
                let mut miner = rig.miner_on(connection, &user(byte as u8, "m"));
                let found = miner.find();
                miner.submit(rig, &found);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_anything_keeps_the_server_within_its_bounds_and_its_ledger_true(acts in prop::collection::vec(act(), 0..120)) {
        let mut config = rig::config();
        config.connections_max = 24;
        let mut rig = Rig::with(config);
        for act in acts {
            perform(&mut rig, act);
            prop_assert!(rig.server.connections() <= 24);
            prop_assert!(rig.server.clients().count() <= 24 * limits::WORKERS_PER_CONNECTION_MAX);
        }
        let stored = ledger::Stored { journal: rig.journal.clone(), ..Default::default() };
        prop_assert_eq!(&ledger::recover(&stored).expect("its own journal").book, rig.server.book());
        let snapshot = Some(ledger::snapshot(rig.server.book(), &KeptProofs::default()));
        let again = ledger::recover(&ledger::Stored { snapshot, journal: rig.journal.clone(), ..Default::default() });
        prop_assert_eq!(&again.expect("its own snapshot").book, rig.server.book());
        let owed: u128 = rig.server.book().owed().values().fold(0, |sum, owed| sum.saturating_add(*owed));
        prop_assert!(owed == 0 || rig.server.book().all().shares > 0);
    }

    #[test]
    fn the_same_inputs_give_the_same_outputs(acts in prop::collection::vec(act(), 0..60)) {
        let (mut one, mut other) = (Rig::new(), Rig::new());
        for act in acts {
            perform(&mut one, act.clone());
            perform(&mut other, act);
        }
        prop_assert_eq!(one.journal, other.journal);
        prop_assert_eq!(one.inbox, other.inbox);
        prop_assert_eq!(one.server.metrics(), other.server.metrics());
    }
}

#[test]
fn w7_ten_thousand_silent_sockets_hold_little_and_leave_nothing() {
    let mut config = rig::config();
    config.connections_per_ip_max = 10_000;
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let connections: Vec<ConnectionId> = (0..10_000).map(|_| rig.connect(SOLO)).collect();
    assert_eq!(rig.server.connections(), 10_000);
    rig.wait(limits::NOTIFY_INTERVAL_MS);
    assert!(rig.inbox.is_empty(), "who said nothing is told nothing");
    connections.into_iter().for_each(|connection| rig.hang_up(connection));
    assert_eq!((rig.server.connections(), rig.server.clients().count()), (0, 0));
    assert_eq!(rig.server.book().owed().get(&Address::default()), None);
}
