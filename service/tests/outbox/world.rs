//! A chain of one account, its pool, a disk, a clock, and a process that ends wherever the lot falls.
//!
//! Others use the key too. In some worlds they do something else; in the others they are a copy of the home, which carries out the same
//! deeds, one after the other. The operator compares, notes what the copy has done, and then has the outbox go on.

use std::collections::{BTreeMap, BTreeSet};

use service::outbox::{DeedEnd, DeedInput, DeedOutbox, DeedOutput, DeedRecord, Flaw, PoolWord};
use types::{ByteString, Call, Hash32, Height, ModuleId, Nonce, TimeMs};

/// Deeds of one world.
const DEEDS: u64 = 6;
/// Rounds in which everything may go wrong.
const WILD: u64 = 60;
/// Rounds in which nothing does.
const CALM: u64 = 120;
/// Milliseconds of a round.
const ROUND_MS: u64 = 1_000;
/// How long a transaction is valid.
const VALID_MS: u64 = 8_000;
/// The ids of what a copy of the home signs are above.
const TWINS: u64 = 1 << 40;

/// What happened.
#[derive(Debug, Default)]
pub struct Counts {
    pub crashes: u64,
    pub lost: u64,
    pub unheard: u64,
    pub signed_again: u64,
    pub overtaken: u64,
    pub twins: u64,
    pub words: u64,
    pub too_cheap: u64,
    pub behind: u64,
    pub earlier: u64,
    pub rejected: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        let Self { crashes, lost, unheard, signed_again, overtaken, twins, words, .. } = other;
        let Self { too_cheap, behind, earlier, rejected, .. } = other;
        self.crashes += crashes;
        self.lost += lost;
        self.unheard += unheard;
        self.signed_again += signed_again;
        self.overtaken += overtaken;
        self.twins += twins;
        self.words += words;
        self.too_cheap += too_cheap;
        self.behind += behind;
        self.earlier += earlier;
        self.rejected += rejected;
    }
}

/// SplitMix64.
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }
}

/// What the bytes of a transaction say here.
#[derive(Clone, Copy, Debug)]
struct Sent {
    nonce: u64,
    id: u64,
    until: u64,
    fee: u64,
    deed: u64,
}

impl Sent {
    fn to_bytes(self) -> Vec<u8> {
        [self.nonce, self.id, self.until, self.fee, self.deed].iter().flat_map(|part| part.to_be_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let part = |place: usize| u64::from_be_bytes(bytes[place * 8..][..8].try_into().expect("eight bytes"));
        Self { nonce: part(0), id: part(1), until: part(2), fee: part(3), deed: part(4) }
    }
}

/// A final block: its time, the account's nonce after it, the deed that was carried out in it, and whether others used the nonce.
#[derive(Clone, Copy, Debug)]
struct Block {
    time: u64,
    nonce: u64,
    done: Option<(u64, DeedEnd)>,
    is_strange: bool,
}

fn hash(number: u64) -> Hash32 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Hash32(bytes)
}

fn number(hash: &Hash32) -> u64 {
    u64::from_be_bytes(hash.0[..8].try_into().expect("eight bytes"))
}

fn calls(deed: u64) -> Vec<Call> {
    vec![Call { module: ModuleId(1), body: ByteString::new(deed.to_be_bytes().to_vec()).expect("short") }]
}

struct World {
    lots: Lots,
    /// Whether others who use the key are a copy of this home.
    has_twin: bool,
    is_calm: bool,
    now: u64,
    price: u64,
    blocks: Vec<Block>,
    /// How many blocks the node's store has.
    stored: usize,
    /// How many of them the outbox has seen.
    seen: usize,
    /// Below this nonce the operator has compared what others did.
    word: u64,
    pool: Vec<Sent>,
    /// What is on its way to the pool, and when it arrives.
    wire: Vec<(u64, Sent)>,
    disk: Vec<DeedRecord>,
    signed: u64,
    newest: BTreeMap<u64, u64>,
    /// What the caller has written down.
    book: BTreeMap<u64, DeedEnd>,
    /// The first thing that never may happen.
    wrong: Option<String>,
    counts: Counts,
}

/// The process ended.
struct Ended;

/// One world; what went wrong in it, if something did.
pub fn run(seed: u64, flaw: Option<Flaw>) -> Result<Counts, String> {
    let first = Block { time: 0, nonce: 0, done: None, is_strange: false };
    let mut world = World {
        lots: Lots(seed),
        has_twin: seed % 3 == 2,
        is_calm: false,
        now: 1_000,
        price: 10,
        blocks: vec![first],
        stored: 1,
        seen: 0,
        word: 0,
        pool: Vec::new(),
        wire: Vec::new(),
        disk: Vec::new(),
        signed: 0,
        newest: BTreeMap::new(),
        book: BTreeMap::new(),
        wrong: None,
        counts: Counts::default(),
    };
    let mut outbox = DeedOutbox::open([]).with_flaw(flaw);
    for round in 0..WILD + CALM {
        world.is_calm = round >= WILD;
        world.turn();
        if world.live(&mut outbox).is_err() {
            world.counts.crashes += 1;
            // What was durable for the chain may not be on this disk yet.
            world.stored -= usize::try_from(world.lots.below(3)).expect("small").min(world.stored - 1);
            outbox = DeedOutbox::open(world.disk.clone()).with_flaw(flaw);
            world.seen = 0;
        }
        if world.is_calm && world.book.len() as u64 == DEEDS {
            break;
        }
    }
    world.judge()
}

impl World {
    fn one_in(&mut self, count: u64) -> bool {
        !self.is_calm && self.lots.below(count) == 0
    }

    /// Time goes on: prices move, things arrive or are lost, a block becomes final.
    fn turn(&mut self) {
        self.now += ROUND_MS;
        self.price = match self.lots.below(8) {
            _ if self.is_calm => 10,
            0 => 10 + self.lots.below(20),
            _ => self.price,
        };
        let now = self.now;
        let arrived: Vec<Sent> = self.wire.extract_if(.., |(at, _)| *at <= now).map(|(_, sent)| sent).collect();
        self.pool.extend(arrived);
        if self.one_in(10) {
            self.counts.lost += self.pool.len() as u64;
            self.pool.clear();
        }
        // A chain without work makes no blocks, and its time stands still.
        if self.lots.below(3) > 0 {
            self.block();
        }
        let behind = self.blocks.len() - self.stored;
        let step = if self.is_calm { behind as u64 } else { self.lots.below(3).min(behind as u64) };
        self.stored += usize::try_from(step).expect("small");
        self.counts.behind += u64::from(self.stored < self.blocks.len());
    }

    fn block(&mut self) {
        let last = *self.blocks.last().expect("the first is there");
        // The leader's clock is not the node's.
        let time = last.time.max((self.now + self.lots.below(5_000)).saturating_sub(2_500));
        let is_stranger = self.one_in(12);
        let price = self.price;
        let fits = |sent: &Sent| sent.nonce == last.nonce && sent.until >= time && sent.fee >= price;
        let fitting: Vec<Sent> = self.pool.iter().copied().filter(fits).collect();
        let chosen = fitting.get(usize::try_from(self.lots.below(fitting.len().max(1) as u64)).expect("small"));
        let mut block = Block { time, nonce: last.nonce, done: None, is_strange: is_stranger };
        if is_stranger {
            block.nonce += 1;
            block.done = self.twin(&block);
        } else if let Some(sent) = chosen.copied() {
            block.nonce += 1;
            let code = u32::from(sent.deed == 0);
            self.counts.rejected += u64::from(code);
            self.counts.earlier += u64::from(self.newest.get(&sent.deed).is_some_and(|newest| *newest != sent.id));
            let end = DeedEnd { id: hash(sent.id), height: Height(self.blocks.len() as u64), code };
            block.done = Some((sent.deed, end));
        }
        self.pool.retain(|sent| sent.nonce >= block.nonce && sent.until >= time);
        self.blocks.push(block);
    }

    /// The deed that a copy of this home carries out in a block, if it does.
    fn twin(&mut self, block: &Block) -> Option<(u64, DeedEnd)> {
        let done: BTreeSet<u64> = self.blocks.iter().filter_map(|block| block.done).map(|(deed, _)| deed).collect();
        let deed = (0..DEEDS).find(|deed| !done.contains(deed)).filter(|_| self.has_twin)?;
        let id = hash(TWINS + block.nonce);
        self.counts.twins += 1;
        Some((deed, DeedEnd { id, height: Height(self.blocks.len() as u64), code: u32::from(deed == 0) }))
    }

    /// What the process does in a round.
    fn live(&mut self, outbox: &mut DeedOutbox) -> Result<(), Ended> {
        // Beside a copy of its home a caller has one deed under way at a time: of two with two nonces the copy may do the other first.
        let at_once = if self.has_twin { 1 } else { DEEDS };
        let open: Vec<u64> = (0..DEEDS).filter(|deed| !self.book.contains_key(deed)).collect();
        for deed in open.into_iter().take(usize::try_from(at_once).expect("few")) {
            // The caller repeats what it has not heard of, as it would after a restart.
            if self.is_calm || self.lots.below(10) == 0 {
                let outputs = outbox.send(hash(deed), calls(deed)).expect("few deeds");
                self.perform(outbox, outputs)?;
            }
        }
        self.seen = self.stored;
        let block = *self.blocks.get(self.stored - 1).expect("stored blocks are blocks");
        let seen = DeedInput::Seen { nonce: Nonce(block.nonce), time: TimeMs(block.time), now: TimeMs(self.now) };
        let outputs = outbox.step(seen);
        self.perform(outbox, outputs)?;
        self.operate(outbox)?;
        if self.one_in(20) {
            self.disk = outbox.records();
        }
        Ok(())
    }

    /// The operator compares what others did with what was to be done, some time after nothing leaves any more.
    fn operate(&mut self, outbox: &mut DeedOutbox) -> Result<(), Ended> {
        if !outbox.is_held() || !(self.is_calm || self.lots.below(4) == 0) {
            return Ok(());
        }
        let strange = self.blocks[..self.stored].iter().filter(|block| block.is_strange);
        for (deed, end) in strange.filter_map(|block| block.done).collect::<Vec<_>>() {
            if self.book.contains_key(&deed) {
                continue;
            }
            // What may be included still is waited for.
            let Some(outputs) = outbox.abandon(&hash(deed)) else { return Ok(()) };
            self.perform(outbox, outputs)?;
            self.book.insert(deed, end);
        }
        self.counts.words += 1;
        // What was said before a crash holds, though the node's store may be behind that.
        self.word = self.word.max(self.blocks[self.stored - 1].nonce);
        let outputs = outbox.pass();
        self.perform(outbox, outputs)
    }

    fn perform(&mut self, outbox: &mut DeedOutbox, outputs: Vec<DeedOutput>) -> Result<(), Ended> {
        for output in outputs {
            if self.one_in(40) {
                return Err(Ended);
            }
            let Some(input) = self.carry_out(output) else { continue };
            let more = outbox.step(input);
            self.perform(outbox, more)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, output: DeedOutput) -> Option<DeedInput> {
        match output {
            DeedOutput::Keep(record) => {
                if let DeedRecord::Signed { key, nonce, .. } = &record {
                    self.watch(number(key), *nonce);
                }
                self.disk.push(record);
                None
            }
            DeedOutput::Sign { key, nonce, calls } => self.sign(key, nonce, &calls),
            DeedOutput::Submit { key, id, transaction } => self.submit(key, id, Sent::from_bytes(&transaction)),
            DeedOutput::Ask { key, nonce, ids } => {
                let ours = self.blocks.iter().take(self.stored).filter_map(|block| block.done);
                let end = ours.map(|(_, end)| end).find(|end| ids.contains(&end.id));
                Some(DeedInput::Told { key, nonce, end })
            }
            DeedOutput::Ended { key, end } => {
                self.book.insert(number(&key), end);
                self.one_in(2).then_some(DeedInput::Forget { key })
            }
            DeedOutput::Overtaken { .. } => {
                self.counts.overtaken += 1;
                None
            }
            DeedOutput::Held { .. } => None,
        }
    }

    /// Nothing is signed between a block in which others used the key and the operator's word.
    fn watch(&mut self, deed: u64, nonce: Nonce) {
        let mut seen = self.blocks[..self.seen].iter();
        if let Some(block) = seen.find(|block| block.is_strange && block.nonce > self.word) {
            let what = format!("deed {deed} was signed for nonce {nonce} though others used nonce {}", block.nonce - 1);
            self.wrong.get_or_insert(what);
        }
    }

    fn sign(&mut self, key: Hash32, nonce: Nonce, calls: &[Call]) -> Option<DeedInput> {
        // The account has too little, or the price is above what may be paid.
        if self.one_in(8) {
            return None;
        }
        let deed = u64::from_be_bytes(calls[0].body[..].try_into().expect("eight bytes"));
        assert_eq!(deed, number(&key), "calls of the deed");
        self.signed += 1;
        let sent = Sent { nonce: nonce.0, id: self.signed, until: self.now + VALID_MS, fee: self.price, deed };
        self.counts.signed_again += u64::from(self.newest.insert(deed, self.signed).is_some());
        let (id, valid_until) = (hash(self.signed), TimeMs(sent.until));
        Some(DeedInput::Signed { key, nonce, id, valid_until, transaction: sent.to_bytes() })
    }

    fn submit(&mut self, key: Hash32, id: Hash32, sent: Sent) -> Option<DeedInput> {
        let answer = match self.lots.below(4) {
            _ if sent.fee < self.price => {
                self.counts.too_cheap += 1;
                PoolWord::TooCheap
            }
            _ if sent.until < self.now => PoolWord::Refused,
            0 if !self.is_calm => PoolWord::Refused,
            _ => PoolWord::Taken,
        };
        // What was refused may have gone round all the same, and what was taken may be lost.
        let is_lost = self.one_in(3);
        let is_dropped = is_lost || (self.is_calm && answer != PoolWord::Taken);
        if !is_dropped {
            let delay = if self.is_calm { 0 } else { self.lots.below(4_000) };
            self.wire.push((self.now + delay, sent));
        }
        self.counts.lost += u64::from(is_lost);
        if self.one_in(4) {
            self.counts.unheard += 1;
            return None;
        }
        Some(DeedInput::Answered { key, id, answer })
    }

    /// Every deed once, and its caller knows the truth.
    fn judge(self) -> Result<Counts, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let mut done = BTreeSet::new();
        for (deed, end) in self.blocks.iter().filter_map(|block| block.done) {
            if !done.insert(deed) {
                return Err(format!("deed {deed} was carried out twice"));
            }
            if self.book.get(&deed).is_some_and(|told| *told != end) {
                return Err(format!("of deed {deed} something else was told than {end:?}"));
            }
        }
        match (0..DEEDS).find(|deed| !done.contains(deed) || !self.book.contains_key(deed)) {
            Some(deed) => Err(format!("deed {deed} is stuck: {:?}", self.blocks.last())),
            None => Ok(self.counts),
        }
    }
}
