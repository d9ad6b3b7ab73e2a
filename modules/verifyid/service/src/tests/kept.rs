//! One good verdict for a challenge: however many hand the answer in at once, and whenever the service is stopped or killed.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use service::chain::Unavailable;
use service::{Service, State};
use tokio::sync::watch;
use verifyid::{Purpose, Status};

use super::harness::*;
use crate::examiner::limits::AskedBy;
use crate::examiner::moment::BootId;
use crate::examiner::token::Sealed;
use crate::examiner::{Refused, Shown, Wanted};
use crate::office::{NotVerified, Office, Verified};
use crate::{VerifyIdService, book, secret};

// FAULTS VS3
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_who_answer_one_challenge_at_once_exactly_one_is_told_yes() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    for round in 0..5 {
        let device = Device(round % 2);
        let answer = answer_of(device, &challenge(&routes, device).await);
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (routes, answer) = (routes.clone(), answer.clone());
                tokio::spawn(async move { hand_in(&routes, &answer).await })
            })
            .collect();
        let mut verified = 0;
        for task in tasks {
            let answered = task.await.expect("it does not panic");
            match answered.status {
                200 => verified += 1,
                _ => assert_eq!(answered.code(), (409, "challenge_used")),
            }
        }
        assert_eq!(verified, 1, "round {round}");
    }
    running.stop().await.expect("it ends without a fault");
}

fn wanted() -> Wanted {
    let (device, key_id) = (Device(0).id(), Device(0).id().0);
    let (purpose, by) = (Purpose::Presence, AskedBy::Anybody(HERE.parse().expect("an address")));
    Wanted { device, key_id, audience: digest(AUDIENCE), purpose, by }
}

const SHOWN: Shown = Shown {
    is_signed: true,
    is_of_another_key: false,
    status: Status::Verified,
    level: Some(1),
    work_class: None,
    lacks_owner: false,
    method: crate::ledger::record::Method::Signature,
    owner: None,
    rotation: 0,
    answer: types::Hash32([0; 32]),
    billed: None,
};

/// Takes the first step of an answer, where nobody writes down; nothing while it waits for that.
fn begun(office: &Office, sealed: &Sealed) -> Option<Result<Verified, NotVerified>> {
    let mut finish = std::pin::pin!(office.finish(sealed, &SHOWN, HERE.parse().expect("an address")));
    match finish.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => Some(verdict),
        Poll::Pending => None,
    }
}

// FAULTS VS3
#[test]
fn of_a_hundred_threads_that_use_a_challenge_up_exactly_one_does_a_thousand_times() {
    let world = World::new();
    let service = world.opened();
    let (office, _) = service.open.as_ref().expect("it is switched on");
    let given = || office.begin(&office.give(&wanted()).token).expect("it is good").0;
    let challenges: Vec<(Sealed, AtomicU32)> = (0..1_000).map(|_| (given(), AtomicU32::new(0))).collect();
    let begin = std::sync::Barrier::new(100);
    let answer_all = || {
        for (sealed, waiting) in &challenges {
            begin.wait();
            match begun(office, sealed) {
                None => drop(waiting.fetch_add(1, Ordering::Relaxed)),
                Some(verdict) => assert_eq!(verdict, Err(NotVerified::Refused(Refused::Used))),
            }
        }
    };
    std::thread::scope(|scope| (0..100).for_each(|_| drop(scope.spawn(answer_all))));
    assert!(challenges.iter().all(|(_, waiting)| waiting.load(Ordering::Relaxed) == 1), "one waits for the disk");
}

// FAULTS VS6
#[test]
fn an_answer_that_finds_no_room_to_wait_for_the_disk_uses_nothing_up() {
    let world = World::new();
    let service = world.opened();
    let (office, _) = service.open.as_ref().expect("it is switched on");
    let mut waiting = 0;
    let late = loop {
        let token = office.give(&wanted()).token;
        let (sealed, _) = office.begin(&token).expect("it is good");
        match begun(office, &sealed) {
            None => waiting += 1,
            Some(verdict) => {
                assert_eq!(verdict, Err(NotVerified::Unavailable(Unavailable::Busy)));
                break token;
            }
        }
    };
    assert_eq!(waiting, 4_096);
    assert!(office.begin(&late).is_ok(), "it stays good");
}

// FAULTS VS3
#[tokio::test]
async fn what_was_told_before_a_kill_is_known_after_it_and_what_was_only_written_is_never_told_twice() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    let [told, open] = [challenge(&routes, Device(0)).await, challenge(&routes, Device(1)).await];
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &told)).await.status, 200);
    // What a kill between the sync and the answer leaves is the file as it is now, with the second's id and no word of it.
    let before = fs::read(world.folder.path().join(book::FILE)).expect("a file");
    assert_eq!(hand_in(&routes, &answer_of(Device(1), &open)).await.status, 200);
    let after = fs::read(world.folder.path().join(book::FILE)).expect("a file");
    running.stop().await.expect("it ends without a fault");
    for length in before.len()..=after.len() {
        fs::write(world.folder.path().join(book::FILE), &after[..length]).expect("our own");
        let Lives { routes, running } = world.lives().await;
        assert_eq!(hand_in(&routes, &answer_of(Device(0), &told)).await.code(), (409, "challenge_used"));
        let second = hand_in(&routes, &answer_of(Device(1), &open)).await;
        // Synced wholly, it is used; cut short, the sync had not come back and nobody had been told.
        assert_eq!(second.status, if length == after.len() { 409 } else { 200 }, "{length}");
        assert_eq!(hand_in(&routes, &answer_of(Device(1), &open)).await.code(), (409, "challenge_used"));
        running.stop().await.expect("it ends without a fault");
    }
}

// FAULTS VS3
#[tokio::test]
async fn a_restart_of_the_service_keeps_challenges_and_one_of_the_machine_ends_them() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    let asked = [challenge(&routes, Device(0)).await, challenge(&routes, Device(0)).await];
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running } = world.lives().await;
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked[0])).await.status, 200);
    running.stop().await.expect("it ends without a fault");
    world.clocks.set(|now| now.boot = BootId([8; 16]));
    let Lives { routes, running } = world.lives().await;
    for asked in &asked {
        assert_eq!(hand_in(&routes, &answer_of(Device(0), asked)).await.code(), (410, "expired"));
    }
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS3
#[tokio::test]
async fn a_challenge_ends_to_the_millisecond_and_a_wall_clock_that_is_set_extends_nothing() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let asked = challenge(&routes, Device(0)).await;
    world.clocks.pass(299_999);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200);
    let asked = challenge(&routes, Device(0)).await;
    world.clocks.pass(300_000);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.code(), (410, "expired"));
    let asked = challenge(&routes, Device(0)).await;
    world.clocks.set(|now| now.wall_ms += HOUR_MS);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.code(), (410, "expired"));
    world.clocks.set(|now| now.wall_ms -= HOUR_MS);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.code(), (409, "challenge_used"));
    let asked = challenge(&routes, Device(0)).await;
    world.clocks.set(|now| (now.wall_ms, now.boot_ms) = (now.wall_ms - HOUR_MS, now.boot_ms + 300_000));
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.code(), (410, "expired"));
}

// FAULTS VS7
#[tokio::test]
async fn a_lost_book_or_secret_ends_the_challenges_that_are_out() {
    let world = World::new();
    // What is left of a file: nothing, no byte, or less than a record has.
    let secret = secret::CHALLENGES.name;
    let lost = [(secret, None), (book::FILE, None), (book::FILE, Some([].as_slice())), (book::FILE, Some(&[1, 2, 3]))];
    for (lost, left) in lost {
        let Lives { routes, running } = world.lives().await;
        let asked = challenge(&routes, Device(0)).await;
        assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200);
        running.stop().await.expect("it ends without a fault");
        let path = world.folder.path().join(lost);
        match left {
            None => fs::remove_file(path).expect("our own"),
            Some(left) => fs::write(path, left).expect("our own"),
        }
        let Lives { routes, running } = world.lives().await;
        let answered = hand_in(&routes, &answer_of(Device(0), &asked)).await;
        assert_eq!(answered.code(), (409, "wrong_instance"), "{lost} {left:?}");
        running.stop().await.expect("it ends without a fault");
    }
}

// FAULTS VS7
#[tokio::test]
async fn a_challenge_that_is_out_stays_good_over_a_stop_though_nothing_was_answered_yet() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    let asked = challenge(&routes, Device(0)).await;
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running } = world.lives().await;
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200);
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS3
#[tokio::test]
async fn a_home_that_was_copied_takes_no_answer_to_a_challenge_of_the_other() {
    let (world, mut copy) = (World::new(), World::new());
    let Lives { routes, running } = world.lives().await;
    let asked = challenge(&routes, Device(0)).await;
    running.stop().await.expect("it ends without a fault");
    for file in [book::FILE, secret::CHALLENGES.name] {
        fs::copy(world.folder.path().join(file), copy.folder.path().join(file)).expect("room");
    }
    // Two homes on one machine: the same chain, the same start, the same clocks.
    (copy.chain, copy.clocks) = (world.chain.clone(), world.clocks.clone());
    copy.starts.store(100, Ordering::Relaxed);
    let (one, other) = (world.lives().await, copy.lives().await);
    let answer = answer_of(Device(0), &asked);
    assert_eq!(hand_in(&one.routes, &answer).await.status, 200);
    assert_eq!(hand_in(&other.routes, &answer).await.code(), (409, "wrong_instance"));
}

// FAULTS VS7
#[tokio::test]
async fn an_answer_that_cannot_be_written_down_is_not_told_and_the_operator_is() {
    let world = World::new();
    let service = world.opened();
    let routes = Service::routes(&service);
    let (state, mut states) = watch::channel(State::Starting);
    let (stop, stopping) = watch::channel(false);
    let asked = [challenge(&routes, Device(0)).await, challenge(&routes, Device(0)).await];
    // The file gives way to a folder, so nothing can be put in its place; the open one takes no more as it is full.
    let VerifyIdService { ground, batch_ms, open, tokens, tpms, enrolled } = service;
    let (office, mut writing) = open.expect("it is switched on");
    writing.fill();
    let place = world.folder.path().join(book::FILE);
    fs::remove_file(&place).expect("our own");
    fs::create_dir(&place).expect("a name that is free");
    let service = VerifyIdService { ground, batch_ms, open: Some((office, writing)), tokens, tpms, enrolled };
    let life = service::Life::new(state, stopping);
    let running = tokio::spawn(Service::run(service, life));
    let refused = hand_in(&routes, &answer_of(Device(0), &asked[0])).await;
    assert_eq!(refused.code(), (503, "log_unavailable"));
    assert!(matches!(&*states.borrow_and_update(), State::Waiting(why) if why.contains("cannot be written down")));
    fs::remove_dir(&place).expect("our own");
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked[1])).await.status, 200);
    assert_eq!(*states.borrow(), State::Ready);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked[0])).await.code(), (409, "challenge_used"));
    stop.send_replace(true);
    running.await.expect("it does not panic").expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    for asked in &asked {
        assert_eq!(hand_in(&routes, &answer_of(Device(0), asked)).await.code(), (409, "challenge_used"));
    }
}

// FAULTS VS7
#[test]
fn a_look_names_what_a_start_would_refuse_and_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let look = || VerifyIdService::look(world.folder.path(), false);
    assert_eq!(look(), service::FolderFindings::default());
    drop(world.opened());
    assert_eq!(look(), service::FolderFindings::default());
    let [book, secret] = [book::FILE, secret::CHALLENGES.name].map(|name| world.folder.path().join(name));
    fs::write(&book, [1, 2, 3]).expect("our own");
    assert_eq!(look().torn.len(), 1);
    fs::write(&book, [1; 100]).expect("our own");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("our own");
    let wrong: Vec<String> = look().wrong.iter().map(ToString::to_string).collect();
    assert!(wrong[0].contains("damaged at byte 0") && wrong[1].contains("its mode is 644"), "{wrong:?}");
    assert_eq!(fs::read(&book).expect("a file"), [1; 100]);
    let refused = VerifyIdService::open(&world.settings, world.ground(), Vec::new()).err();
    assert_eq!(refused.map(|refusal| refusal.code.into_owned()).as_deref(), Some("challenge_secret"));
}
