//! One folder and one chain, a service that is killed on them again and again, and what its customers remember.
//!
//! It must not look into the folder: what counts is what was said over HTTP and what the chain has.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::hash::sha256;
use crypto::merkle::{MerkleProof, verify};
use serde_json::{Value, json};
use tempfile::TempDir;
use types::{Hash32, List, TimeMs};
use verifyid::{DeviceId, VerificationLeaf, tags};

use crate::chain::{DEVICES, Device, Held};
use crate::chance::Chance;
use crate::http::{Answer, get, post};
use crate::life::{Kill, Life};
use crate::steps::Traced;

const ASK: &str = "/api/v1/verifyid/challenges";
const ANSWER: &str = "/api/v1/verifyid/challenges/answer";
const AUDIENCE: &str = "https://fleet.example";
/// So many answers are handed in during a life, unless it ends before.
const ANSWERS: usize = 14;
/// Challenges until one is answered well: of few devices some are suspended.
const ASKED_MAX: usize = 100;
/// So many of those that were answered in former lives are tried again in each life, and all of them at the end.
const TRIED_AGAIN: usize = 6;
/// Everything must be on the chain within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// A challenge that was asked for, and the answer to it.
struct Asked {
    device: Device,
    id: String,
    request: Value,
    answer: [u8; 64],
    /// Whether the device's own key signed.
    is_good: bool,
    /// The status of the verdict, if anybody heard it.
    told: Option<u16>,
    /// Whether anybody heard that it is used up.
    is_used: bool,
}

/// What came of it all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Verdicts that were heard.
    pub told: usize,
    /// Challenges that were used up by a verdict that nobody heard.
    pub unheard: usize,
    /// Of these, how many stand in a batch.
    pub unheard_in_batches: usize,
    /// Answers to challenges that were answered before.
    pub again: usize,
    pub batches: usize,
    pub leaves: usize,
    /// Batches that the chain refused at first.
    pub refused: usize,
}

/// The round.
pub struct Round {
    home: TempDir,
    held: Arc<Held>,
    asked: Vec<Asked>,
    chance: Chance,
    starts: u64,
    tally: Tally,
}

impl Round {
    pub fn new(mut chance: Chance) -> Self {
        let held = Arc::new(Held::new(Chance::new(chance.draw())));
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join("service")).expect("own folder");
        Self { home, held, asked: Vec::new(), chance, starts: 0, tally: Tally::default() }
    }

    fn folder(&self) -> PathBuf {
        // As the system calls it, which strace tells.
        self.home.path().join("service").canonicalize().expect("own folder")
    }

    /// One life. Gives its steps where they were written down.
    pub fn live(&mut self, kill: &Kill) -> Option<Traced> {
        let (folder, log) = (self.folder(), self.home.path().join("steps"));
        // What was acknowledged before is due by now.
        (0..2).for_each(|_| self.held.pass());
        self.starts += 1;
        let number = self.chance.draw() ^ self.starts;
        let life = Life::begin(&self.held, kill, (&folder, number), &log);
        if let Some(port) = life.port() {
            // Nothing when it is killed meanwhile.
            let _ = self.visit(port);
        }
        life.end();
        matches!(kill, Kill::Before(_) | Kill::Late).then(|| Traced::read(&log, &folder))
    }

    /// How long a life takes that nobody kills before its customers have gone, in milliseconds.
    pub fn whole_life_ms(mut self) -> u64 {
        let begun = Instant::now();
        let _ = self.live(&Kill::Last);
        u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// What customers do while it lives; nothing once it is gone.
    fn visit(&mut self, port: u16) -> Option<()> {
        for _ in 0..TRIED_AGAIN.min(self.asked.len()) {
            let place = self.place();
            self.hand_in(port, place)?;
            self.leaf(port, place)?;
        }
        for _ in 0..ANSWERS {
            let place = self.ask(port)?;
            match self.chance.below(4) {
                0 => self.hand_in_twice(port, place)?,
                _ => self.hand_in(port, place)?,
            }
            if self.chance.below(2) == 0 {
                self.held.pass();
            }
        }
        Some(())
    }

    /// One of those that were asked for, mostly of the newest.
    fn place(&mut self) -> usize {
        let count = self.asked.len() as u64;
        let back = if self.chance.below(3) == 0 { count } else { count.min(8) };
        usize::try_from(count - 1 - self.chance.below(back)).expect("small")
    }

    fn ask(&mut self, port: u16) -> Option<usize> {
        let device = Device(u8::try_from(self.chance.below(u64::from(DEVICES))).expect("small"));
        let question = json!({ "device": device.id().0.to_string(), "audience": AUDIENCE, "purpose": "presence" });
        let given = post(port, ASK, &question)?;
        if given.code() == "locked" {
            // Wrong answers were handed in five times; of the other devices none is.
            return self.ask(port);
        }
        assert_eq!(given.status, 201, "{given:?}");
        let text = |name: &str| given.body[name].as_str().expect("digits");
        let preimage = hex::decode(text("preimage")).expect("digits");
        // The first device alone has wrong answers.
        let is_good = device.0 != 0 || self.chance.below(4) != 0;
        let signer = if is_good { device } else { Device(100) };
        let answer = signer.sign(&preimage);
        self.asked.push(Asked {
            device,
            id: hex::encode(&preimage[49..65]),
            request: json!({ "challenge": text("challenge"), "answer": hex::encode(answer) }),
            answer,
            is_good,
            told: None,
            is_used: false,
        });
        Some(self.asked.len() - 1)
    }

    fn hand_in(&mut self, port: u16, place: usize) -> Option<()> {
        let answer = post(port, ANSWER, &self.asked[place].request)?;
        self.judge(place, &answer);
        Some(())
    }

    /// Two hand in the same at once.
    fn hand_in_twice(&mut self, port: u16, place: usize) -> Option<()> {
        let request = &self.asked[place].request;
        let one = || post(port, ANSWER, request);
        let mut both: Vec<Answer> = std::thread::scope(|scope| {
            let handles = [scope.spawn(one), scope.spawn(one)];
            handles.into_iter().filter_map(|handle| handle.join().expect("it does not panic")).collect()
        });
        // The one who is told that it is used may hear first.
        both.sort_by_key(|answer| answer.status);
        both.iter().for_each(|answer| self.judge(place, answer));
        (both.len() == 2).then_some(())
    }

    /// A challenge has one verdict, whatever it is.
    fn judge(&mut self, place: usize, answer: &Answer) {
        let asked = &mut self.asked[place];
        match (answer.status, answer.code()) {
            (200 | 403, _) | (401, "bad_answer") => {
                assert!(!asked.is_used, "answered twice: {} was told {:?}, then {answer:?}", asked.id, asked.told);
                assert_eq!(asked.is_good, answer.status != 401, "{answer:?}");
                (asked.told, asked.is_used) = (Some(answer.status), true);
            }
            // Somebody else's answer may be on its way to the disk and never come there: nobody has a verdict then, and one is still to come.
            (409, "challenge_used") => self.tally.again += usize::from(asked.is_used),
            (409, "wrong_instance") => asked.is_used = true,
            _ => panic!("an answer that has no place here: {answer:?}"),
        }
    }

    /// What the service keeps of an answer: of one that was told, always.
    fn leaf(&self, port: u16, place: usize) -> Option<Option<Value>> {
        let asked = &self.asked[place];
        let answer = get(port, &format!("/api/v1/verifyid/verifications/{}", asked.id))?;
        let leaf = &answer.body["leaf"];
        if answer.status != 200 {
            assert_eq!((answer.status, asked.told), (404, None), "lost: {} {answer:?}", asked.id);
            return Some(None);
        }
        let expected = asked.told.map(|told| match told {
            200 => 1,
            401 => 2,
            _ => 6,
        });
        assert!(expected.is_none_or(|result| leaf["result"] == result), "told {:?}: {answer:?}", asked.told);
        assert_eq!(leaf["device"], asked.device.id().0.to_string());
        assert_eq!(leaf["answer_sha256"], Hash32(sha256(&asked.answer)).to_string());
        Some(Some(answer.body))
    }

    /// The last life: everything comes onto the chain, and is counted.
    ///
    /// # Panics
    /// Something is lost, there twice, or not there within a minute.
    pub fn settle(mut self) -> Tally {
        let (folder, log) = (self.folder(), self.home.path().join("steps"));
        (0..2).for_each(|_| self.held.pass());
        let life = Life::begin(&self.held, &Kill::Last, (&folder, self.chance.draw()), &log);
        let port = life.port().expect("nobody kills it");
        for place in 0..self.asked.len() {
            self.hand_in(port, place).expect("it lives");
        }
        // Wrong answers alone would be a batch after a day only.
        let is_good = |asked: &Asked| asked.told == Some(200);
        for _ in 0..ASKED_MAX {
            let place = self.ask(port).expect("it lives");
            self.hand_in(port, place).expect("it lives");
            if is_good(&self.asked[place]) {
                break;
            }
        }
        let proofs: Vec<Option<Value>> = (0..self.asked.len()).map(|place| self.anchored(port, place)).collect();
        life.end();
        self.count(&proofs);
        self.tally
    }

    /// The proof of one, once the chain has it.
    fn anchored(&self, port: u16, place: usize) -> Option<Value> {
        let begun = Instant::now();
        loop {
            let proof = self.leaf(port, place).expect("it lives")?;
            if proof["anchored"] == true {
                return Some(proof);
            }
            assert!(begun.elapsed() < PATIENCE, "not on the chain: {proof}");
            self.held.pass();
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Each leaf of each batch is one verification, and each verification that was told is one leaf.
    fn count(&mut self, proofs: &[Option<Value>]) {
        let batches = self.held.batches();
        let (mut places, mut good) = (BTreeSet::new(), 0);
        for (asked, proof) in self.asked.iter().zip(proofs) {
            self.tally.told += usize::from(asked.told.is_some());
            self.tally.unheard += usize::from(asked.told.is_none());
            let Some(proof) = proof else {
                assert_eq!(asked.told, None, "lost from its batch: {}", asked.id);
                continue;
            };
            self.tally.unheard_in_batches += usize::from(asked.told.is_none());
            let sequence = proof["batch"]["sequence"].as_u64().expect("a number");
            let batch = sequence.checked_sub(1).and_then(|place| batches.get(usize::try_from(place).ok()?));
            let batch = batch.expect("the chain has it");
            let (leaf, path) = (leaf_of(&proof["leaf"]), path_of(&proof["path"]));
            assert!(verify(tags::TREE, &batch.root, &leaf.digest(), &path), "it is not in its batch: {proof}");
            assert_eq!(path.count, batch.leaves);
            assert!(places.insert((sequence, path.index)), "two in one place: {proof}");
            good += u64::from(leaf.result == 1);
        }
        let leaves: usize = batches.iter().map(|batch| batch.leaves as usize).sum();
        assert_eq!(places.len(), leaves, "the batches have leaves that are no verification, or some twice");
        let ok: u64 = batches.iter().map(|batch| u64::from(batch.ok)).sum();
        assert_eq!((ok, self.held.used()), (good, good), "counted on the plan");
        (self.tally.batches, self.tally.leaves, self.tally.refused) = (batches.len(), leaves, self.held.refused());
    }
}

fn leaf_of(leaf: &Value) -> VerificationLeaf {
    let hash = |name: &str| leaf[name].as_str().and_then(|digits| digits.parse().ok()).expect("a hash");
    let small = |name: &str| leaf[name].as_u64().and_then(|number| u8::try_from(number).ok()).expect("small");
    let mut challenge = [0; 16];
    hex::decode_to_slice(leaf["challenge_id"].as_str().expect("digits"), &mut challenge).expect("16 bytes");
    VerificationLeaf {
        device: DeviceId(hash("device")),
        challenge,
        time: TimeMs(leaf["time"].as_u64().expect("a number")),
        result: small("result"),
        method: small("method"),
        audience: hash("audience_sha256"),
        answer: hash("answer_sha256"),
    }
}

fn path_of(path: &Value) -> MerkleProof {
    let number = |name: &str| path[name].as_u64().and_then(|number| u32::try_from(number).ok()).expect("small");
    let siblings = path["siblings"].as_array().expect("a list").iter();
    let siblings = siblings.map(|digits| digits.as_str().and_then(|digits| digits.parse().ok()).expect("a hash"));
    let siblings = List::new(siblings.collect()).expect("few");
    MerkleProof { index: number("index"), count: number("count"), siblings }
}
