//! What other features are told of devices, on a chain with the real rules.

use ed25519_dalek::{Signer, SigningKey};
use service::chain::Chain;
use tryout::TryoutChain;
use types::{ByteString, Hash32, Network, TimeMs};
use verifyid::{DeviceId, Out, Register, Registration, VerifyId, VerifyIdCall, WorkBinding, key_id};
use verifyid_service::{AttestAsk, AttestRate, DeviceCounts, attest_rate, find_device};

const AUTHORITY: u8 = 0;
const OWNER: u8 = 2;
const HOUR_MS: u64 = 3_600_000;

struct World {
    chain: TryoutChain,
    key: SigningKey,
}

impl World {
    /// With a device of this kind that its owner has accepted.
    fn with_device(kind: u8) -> Self {
        let chain = TryoutChain::with(vec![Box::new(VerifyId)], |genesis| {
            execution::edit_section::<VerifyId>(genesis, |numbers| numbers.authority = TryoutChain::user(AUTHORITY));
        });
        let world = Self { chain: chain.expect("a good genesis"), key: SigningKey::from_bytes(&[7; 32]) };
        let (owner, valid_until) = (TryoutChain::user(OWNER), TimeMs(world.chain.now_ms() + HOUR_MS));
        let (chain_id, device) = (world.chain.id(), world.id());
        let statement = Registration { chain_id, device, owner, sender: owner, kind, valid_until };
        let possession = ByteString::new(world.key.sign(&statement.to_bytes()).to_bytes().to_vec()).expect("64 bytes");
        let key = ByteString::new(world.key.verifying_key().to_bytes().to_vec()).expect("32 bytes");
        world
            .send(OWNER, &VerifyIdCall::Register(Register { owner, kind, algorithm: 1, key, valid_until, possession }));
        // Nothing is shown by a beacon from before the device.
        let since = world.chain.now_ms();
        while world.beacon().time.0 < since {
            world.chain.pass();
        }
        world
    }

    fn send(&self, user: u8, call: &VerifyIdCall) {
        assert_eq!(self.chain.send(user, call.to_call().expect("short")), 0);
    }

    fn id(&self) -> DeviceId {
        DeviceId(key_id(1, &self.key.verifying_key().to_bytes()))
    }

    fn text(&self) -> String {
        self.id().to_text(Network::Test)
    }

    fn counts(&self) -> Option<DeviceCounts> {
        find_device(&self.chain, &self.text()).expect("it is read").map(|found| found.counts)
    }

    fn beacon(&self) -> verifyid::BeaconAnswer {
        let beacon = self.chain.ask("verifyid", "beacon", &[]).expect("there is one");
        serde_json::from_value(beacon).expect("a beacon")
    }

    fn binding(&self, class: u8) -> WorkBinding {
        let beacon = self.beacon();
        WorkBinding { chain_id: self.chain.id(), device: self.id(), class, beacon: beacon.number, value: beacon.value }
    }

    /// Asks by what the device is named, with its word for this binding.
    fn ask(&self, bound: &WorkBinding, valid_until: u64) -> Result<AttestRate, String> {
        let valid_until = TimeMs(valid_until);
        let signature = self.key.sign(&bound.statement(valid_until)).to_bytes();
        let (device, class, beacon) = (self.text(), bound.class, bound.beacon);
        let ask = AttestAsk { device: &device, class, beacon, valid_until, signature: &signature };
        attest_rate(&self.chain, &ask).map_err(|error| {
            let told = error.into_body();
            // Sentences, and no names of texts.
            assert!(told.message.contains(' ') && told.hint.contains(' '), "{told:?}");
            told.code
        })
    }

    fn now(&self) -> u64 {
        self.chain.now_ms()
    }
}

#[test]
fn a_device_is_found_by_either_form_of_its_id_with_its_owner_and_how_it_stands() {
    let world = World::with_device(3);
    let found = find_device(&world.chain, &world.text()).expect("it is read").expect("it is registered");
    assert_eq!((found.id, found.owner, found.counts), (world.id().0, TryoutChain::user(OWNER), DeviceCounts::At(1)));
    assert_eq!(find_device(&world.chain, &world.id().0.to_string()).expect("it is read"), Some(found));
    let other = DeviceId(Hash32([9; 32])).to_text(Network::Test);
    for text in [&*other, "", "x", &world.id().to_text(Network::Main)] {
        assert_eq!(find_device(&world.chain, text).expect("it is read"), None, "{text}");
    }
    let out = Out { device: world.id(), reason: 1 };
    world.send(AUTHORITY, &VerifyIdCall::Suspend(out));
    assert_eq!(world.counts(), Some(DeviceCounts::Suspended));
    assert_eq!(world.ask(&world.binding(1), world.now() + HOUR_MS).expect_err("refused"), "suspended");
    world.send(OWNER, &VerifyIdCall::Revoke(out));
    assert_eq!(world.counts(), Some(DeviceCounts::Revoked));
    assert_eq!(world.ask(&world.binding(1), world.now() + HOUR_MS).expect_err("refused"), "revoked");
}

#[test]
fn a_rate_is_measured_for_the_word_of_the_present_key_and_a_beacon_of_the_last_minute() {
    let world = World::with_device(3);
    let bound = world.binding(1);
    let until = world.now() + HOUR_MS;
    let rate = world.ask(&bound, until).expect("the device asks");
    assert_eq!((rate.binding, rate.shares, rate.window_ms), (bound.digest(), 41, 960_000));
    assert_eq!((rate.difficulty, rate.device.id), (pow::Difficulty::ONE, world.id().0));
    let refused = |bound: WorkBinding, until| world.ask(&bound, until).expect_err("refused");
    assert_eq!(refused(WorkBinding { class: 99, ..bound }, until), "unknown_class");
    assert_eq!(refused(WorkBinding { beacon: bound.beacon + 1, ..bound }, until), "beacon_too_old");
    assert_eq!(refused(bound, world.now()), "statement_expired");
    assert_eq!(refused(bound, world.now() + 25 * HOUR_MS), "statement_expired");
    // The word for another chain, device or beacon is none for this one.
    for other in [
        WorkBinding { value: Hash32([1; 32]), ..bound },
        WorkBinding { device: DeviceId(Hash32([1; 32])), ..bound },
        WorkBinding { chain_id: types::ChainId(Hash32([1; 32])), ..bound },
    ] {
        assert_eq!(refused(other, until), "bad_answer");
    }
    while world.now() < rate.beacon_time.0 + 59_000 {
        world.chain.pass();
    }
    assert!(world.ask(&bound, until).is_ok());
    world.chain.pass();
    assert_eq!(refused(bound, until), "beacon_too_old");
    assert!(world.ask(&world.binding(1), until).is_ok(), "there is a newer one");
}

#[test]
fn what_is_shown_by_a_beacon_from_before_the_device_is_not_measured() {
    let world = World::with_device(3);
    let before = world.binding(1);
    world.send(AUTHORITY, &VerifyIdCall::Suspend(Out { device: world.id(), reason: 1 }));
    world.send(AUTHORITY, &VerifyIdCall::Reinstate(world.id()));
    assert_eq!(world.ask(&before, world.now() + HOUR_MS).expect_err("refused"), "beacon_used");
}

#[test]
fn what_does_not_mine_is_not_measured() {
    let world = World::with_device(9);
    assert_eq!(world.ask(&world.binding(1), world.now() + HOUR_MS).expect_err("refused"), "wrong_kind");
}
