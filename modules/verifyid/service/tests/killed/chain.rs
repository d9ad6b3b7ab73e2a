//! The chain: held by whoever kills, so that it outlives every kill, and copied in the service's process.
//!
//! Both begin alike and take the same lines in the same order, so both come to the same state. What the service's account sends goes to the holder,
//! who carries each deed out once, as the account of a node does. It must not know challenges.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ChildStdin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use borsh::BorshDeserialize;
use ed25519_dalek::{Signer, SigningKey};
use execution::{Module, ModuleView};
use service::chain::Chain;
use service::outbox::DeedEnd;
use tryout::TryoutChain;
use types::{ByteString, Call, Hash32, Height, List, TimeMs};
use verifyid::{
    Batch, BatchAnswer, DeviceId, Out, Register, Registration, SetPlan, VerifyId, VerifyIdCall, key_id, month_of,
};

use crate::chance::Chance;

const AUTHORITY: u8 = 0;
/// The user from whose account the service sends.
pub const VERIFIER: u8 = 1;
const OWNER: u8 = 2;
/// A plan without bounds, so that no answer is refused for one.
const UNLIMITED: u8 = 3;
const YEAR_MS: u64 = 31_536_000_000;
/// So many devices.
pub const DEVICES: u8 = 3;

/// A device with its key.
#[derive(Clone, Copy, Debug)]
pub struct Device(pub u8);

impl Device {
    fn key(self) -> SigningKey {
        SigningKey::from_bytes(&[self.0 + 0x21; 32])
    }

    pub fn id(self) -> DeviceId {
        DeviceId(key_id(1, &self.key().verifying_key().to_bytes()))
    }

    pub fn sign(self, message: &[u8]) -> [u8; 64] {
        self.key().sign(message).to_bytes()
    }
}

/// The chain at its beginning: devices that their owner has, who lets the verifier count on a plan.
pub fn first() -> TryoutChain {
    let chain = TryoutChain::with(vec![Box::new(VerifyId)], |genesis| {
        execution::edit_section::<VerifyId>(genesis, |numbers| {
            numbers.authority = TryoutChain::user(AUTHORITY);
            numbers.verifiers = List::new(vec![TryoutChain::user(VERIFIER)]).expect("one");
        });
    });
    let chain = chain.expect("a good genesis");
    let send = |user, call: VerifyIdCall| assert_eq!(chain.send(user, call.to_call().expect("short")), 0);
    let (owner, verifier) = (TryoutChain::user(OWNER), TryoutChain::user(VERIFIER));
    let until = TimeMs(chain.now_ms() + YEAR_MS);
    send(AUTHORITY, VerifyIdCall::SetPlan(SetPlan { customer: owner, plan: UNLIMITED, until }));
    for device in (0..DEVICES).map(Device) {
        let (chain_id, valid_until) = (chain.id(), TimeMs(chain.now_ms() + 60_000));
        let statement = Registration { chain_id, device: device.id(), owner, sender: owner, kind: 1, valid_until };
        let possession = ByteString::new(device.sign(&statement.to_bytes()).to_vec()).expect("64 bytes");
        let key = ByteString::new(device.key().verifying_key().to_bytes().to_vec()).expect("32 bytes");
        let register = Register { owner, kind: 1, algorithm: 1, key, valid_until, possession };
        send(OWNER, VerifyIdCall::Register(register));
    }
    send(OWNER, VerifyIdCall::AllowVerifier { verifier, allowed: true });
    chain
}

/// What happens to a chain, and what its holder says of a deed: one line of text each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A block without transactions.
    Pass,
    /// A user's call in a block of its own, and the code with which it ended.
    Called { user: u8, code: u32, call: Call },
    /// The history up to the present is told.
    Present,
    /// A deed has ended.
    Ended { key: Hash32, end: DeedEnd },
}

impl Line {
    pub fn text(&self) -> String {
        match self {
            Self::Pass => "pass\n".to_owned(),
            Self::Called { user, code, call } => format!("called {user} {code} {}\n", call_text(call)),
            Self::Present => "present\n".to_owned(),
            Self::Ended { key, end } => format!("ended {key} {} {} {}\n", end.id, end.height.0, end.code),
        }
    }

    pub fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        Some(match words.as_slice() {
            ["pass"] => Self::Pass,
            ["called", user, code, call] => {
                Self::Called { user: user.parse().ok()?, code: code.parse().ok()?, call: read_call(call)? }
            }
            ["present"] => Self::Present,
            ["ended", key, id, height, code] => {
                let (id, height) = (id.parse().ok()?, Height(height.parse().ok()?));
                Self::Ended { key: key.parse().ok()?, end: DeedEnd { id, height, code: code.parse().ok()? } }
            }
            _ => return None,
        })
    }
}

/// A call as it stands in a line.
pub fn call_text(call: &Call) -> String {
    hex::encode(borsh::to_vec(call).expect("writing to memory cannot fail"))
}

pub fn read_call(digits: &str) -> Option<Call> {
    Call::try_from_slice(&hex::decode(digits).ok()?).ok()
}

/// The chain as its holder has it.
pub struct Held(Mutex<Books>);

struct Books {
    chain: TryoutChain,
    history: Vec<Line>,
    /// What the account's deeds came to that it has not forgotten.
    deeds: BTreeMap<Hash32, DeedEnd>,
    /// The way to the copy, while there is one.
    copy: Option<ChildStdin>,
    chance: Chance,
    refused: usize,
}

impl Held {
    pub fn new(chance: Chance) -> Self {
        let (history, deeds) = (Vec::new(), BTreeMap::new());
        Self(Mutex::new(Books { chain: first(), history, deeds, copy: None, chance, refused: 0 }))
    }

    /// Tells a copy all that has happened, and from now on what happens.
    pub fn tell(&self, mut copy: ChildStdin) {
        let mut books = self.books();
        let told: String = books.history.iter().chain([&Line::Present]).map(Line::text).collect();
        // One that is killed meanwhile hears nothing.
        let _ = copy.write_all(told.as_bytes());
        books.copy = Some(copy);
    }

    /// The copy is gone.
    pub fn let_go(&self) {
        self.books().copy = None;
    }

    /// A second passes.
    pub fn pass(&self) {
        let mut books = self.books();
        books.chain.pass();
        books.happened(Line::Pass);
    }

    /// What the service's account says.
    ///
    /// # Panics
    /// It is no line of it.
    pub fn hear(&self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut books = self.books();
        match words.as_slice() {
            ["send", key, call] => {
                let key = key.parse().expect("a hash");
                let end = books.carry_out(key, read_call(call).expect("a call"));
                books.say(&Line::Ended { key, end });
            }
            ["forget", key] => {
                books.deeds.remove(&key.parse::<Hash32>().expect("a hash"));
            }
            other => panic!("{other:?}"),
        }
    }

    /// A batch of the service's account, by its number.
    pub fn batch(&self, sequence: u64) -> Option<BatchAnswer> {
        let state = self.books().chain.state().expect("it is there");
        let view = ModuleView::new(&*state.view, VerifyId::ID);
        verifyid::batch(&view, &TryoutChain::user(VERIFIER), sequence)
    }

    /// All of them: the chain numbers them without a gap.
    pub fn batches(&self) -> Vec<BatchAnswer> {
        (1..).map_while(|sequence| self.batch(sequence)).collect()
    }

    /// What the chain says is used of the customer's months.
    pub fn used(&self) -> u64 {
        let books = self.books();
        let state = books.chain.state().expect("it is there");
        let view = ModuleView::new(&*state.view, VerifyId::ID);
        let month = month_of(TimeMs(books.chain.now_ms()));
        (month - 1..=month + 1).map(|month| verifyid::used(&view, &TryoutChain::user(OWNER), month)).sum()
    }

    /// How many deeds ended with a refusal.
    pub fn refused(&self) -> usize {
        self.books().refused
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Once for each key. Now and then the authority comes between with a device that the batch lists, and takes it back.
    fn carry_out(&mut self, key: Hash32, call: Call) -> DeedEnd {
        if let Some(end) = self.deeds.get(&key) {
            return *end;
        }
        let suspended = listed(&call).filter(|_| self.chance.below(4) == 0);
        if let Some(device) = suspended {
            self.call(AUTHORITY, VerifyIdCall::Suspend(Out { device, reason: 1 }).to_call().expect("short"));
        }
        let code = self.call(VERIFIER, call);
        let end = DeedEnd { id: key, height: *self.chain.heads().borrow(), code };
        if let Some(device) = suspended {
            self.call(AUTHORITY, VerifyIdCall::Reinstate(device).to_call().expect("short"));
        }
        self.refused += usize::from(code != 0);
        self.deeds.insert(key, end);
        end
    }

    fn call(&mut self, user: u8, call: Call) -> u32 {
        let code = self.chain.send(user, call.clone());
        self.happened(Line::Called { user, code, call });
        code
    }

    fn happened(&mut self, line: Line) {
        self.say(&line);
        self.history.push(line);
    }

    fn say(&mut self, line: &Line) {
        if let Some(copy) = &mut self.copy {
            // One that was killed hears it when it starts again, and asks again for what it sent.
            let _ = copy.write_all(line.text().as_bytes());
        }
    }
}

/// A device that a batch lists.
fn listed(call: &Call) -> Option<DeviceId> {
    match VerifyIdCall::try_from_slice(&call.body) {
        Ok(VerifyIdCall::Batch(Batch { first_verified, .. })) => first_verified.first().copied(),
        _ => None,
    }
}
