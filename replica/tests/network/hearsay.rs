//! What comes by gossip: what it costs, to whom it is passed on, and against whom it is held.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crypto::{bls, ids};
use replica::wire::Message;
use replica::{Effect, Event, GossipToken, GossipVerdict, Job, Via};
use types::{
    BlsSignature, Certificate, Epoch, Hash32, Header, Height, Proposal, SignerBitmap, TimeMs, ValidatorIndex, View,
    Vote, VoteKind, VoteStatement,
};

use crate::world::{World, validator_key};

/// What nodes did about gossip.
#[derive(Default)]
struct Seen {
    verdicts: Vec<(usize, GossipToken, GossipVerdict)>,
    checks: usize,
}

/// Lets time pass, whether or not anybody has wished to be woken meanwhile.
fn pass(world: &mut World, ms: u64) {
    let end_ms = world.now.monotonic_ms + ms;
    world.run(ms, |_| false);
    world.now.unix_ms += end_ms - world.now.monotonic_ms;
    world.now.monotonic_ms = end_ms;
    world.run(0, |_| false);
}

fn watched(mut world: World) -> (World, Rc<RefCell<Seen>>) {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let eyes = seen.clone();
    world.watch = Some(Box::new(move |place, effect| match effect {
        Effect::Verdict { token, verdict } => eyes.borrow_mut().verdicts.push((place, *token, *verdict)),
        Effect::Job { job, .. } => eyes.borrow_mut().checks += usize::from(matches!(**job, Job::Hearsay(_))),
        _ => {}
    }));
    (world, seen)
}

/// Node 0 of four, which alone runs; the test speaks for the others.
struct Alone {
    world: World,
    seen: Rc<RefCell<Seen>>,
    /// Who has which place in the set.
    places: Vec<u8>,
    tokens: u64,
}

impl Alone {
    fn new() -> Self {
        let (mut world, seen) = watched(World::new(4, 0));
        world.start(0);
        pass(&mut world, 1);
        let mut places: Vec<u8> = (0..4).collect();
        places.sort_by_key(|node| validator_key(*node).public_key().to_bytes());
        Self { world, seen, places, tokens: 0 }
    }

    fn index(&self, node: u8) -> ValidatorIndex {
        let place = self.places.iter().position(|there| *there == node).expect("one of four");
        ValidatorIndex(u16::try_from(place).expect("one of four"))
    }

    fn sign(&self, node: u8, statement: VoteStatement) -> Vote {
        let signature = validator_key(node).sign(&ids::vote_preimage(self.world.chain, &statement)).to_bytes();
        Vote { statement, signer: self.index(node), signature }
    }

    /// A vote that nobody signed.
    fn junk(&self, node: u8, statement: VoteStatement) -> Vote {
        Vote { signature: BlsSignature([1; 48]), ..self.sign(node, statement) }
    }

    fn by_stream(&mut self, node: u8, message: Message) {
        let from = self.world.nodes[usize::from(node)].peer;
        self.world.happen(0, Event::Message { from, via: Via::Stream, message });
        self.world.run(0, |_| false);
    }

    /// Passed on by a node, as something new. Gives the verdict, if there is one yet, and what was checked for it.
    fn by_gossip(&mut self, node: u8, message: Message) -> (Option<GossipVerdict>, usize) {
        self.tokens += 1;
        let token = GossipToken(self.tokens);
        let from = self.world.nodes[usize::from(node)].peer;
        let before = self.seen.borrow().checks;
        self.world.happen(0, Event::Message { from, via: Via::Gossip(token), message });
        self.world.run(0, |_| false);
        (self.verdict(token), self.seen.borrow().checks - before)
    }

    fn verdict(&self, token: GossipToken) -> Option<GossipVerdict> {
        let seen = self.seen.borrow();
        let mut of_token = seen.verdicts.iter().filter(|(_, other, _)| *other == token);
        let first = of_token.next().map(|(.., verdict)| *verdict);
        assert!(of_token.next().is_none(), "one verdict on each");
        first
    }

    fn checks(&self) -> usize {
        self.seen.borrow().checks
    }

    /// The header of the first view's leader, who is not node 0, and its number.
    fn first_proposal(&self) -> (u8, Proposal) {
        let leader = self.places[0];
        let tip = &self.world.nodes[0].disks.tip;
        let header = Header {
            epoch: Epoch(0),
            view: View(1),
            height: Height(1),
            parent: tip.hash,
            time: TimeMs(self.world.now.unix_ms),
            proposer: ValidatorIndex(0),
            ..tip.header.clone()
        };
        let block = ids::header_hash(&header);
        (leader, Proposal { vote: self.sign(leader, notarize(1, block)), header })
    }
}

fn statement(kind: VoteKind, view: u64, block: Hash32) -> VoteStatement {
    VoteStatement { kind, epoch: Epoch(0), view: View(view), parent_view: View(0), block }
}

fn nullify(view: u64) -> VoteStatement {
    statement(VoteKind::Nullify, view, Hash32::ZERO)
}

fn notarize(view: u64, block: Hash32) -> VoteStatement {
    statement(VoteKind::Notarize, view, block)
}

const DELTA_MS: u64 = 100;

// FAULTS HA10, HB4
#[test]
fn a_counted_vote_is_checked_for_others_once_in_delta_however_often_it_comes_and_only_while_they_may_need_it() {
    let mut alone = Alone::new();
    assert_eq!(alone.world.genesis.parameters.timing.delta_ms, DELTA_MS);
    let vote = alone.sign(1, nullify(1));
    alone.by_stream(1, Message::Vote(vote));
    let before = alone.checks();
    for copy in 0..200 {
        let (verdict, _) = alone.by_gossip(2, Message::Vote(vote));
        let expected = if copy == 0 { None } else { Some(GossipVerdict::Ignore) };
        assert_eq!(verdict, expected, "copy {copy}");
    }
    assert_eq!(alone.checks(), before, "it is counted already");
    // Nothing has come of it a moment later: somebody may miss it.
    pass(&mut alone.world, DELTA_MS / 20);
    assert_eq!((alone.verdict(GossipToken(1)), alone.checks()), (Some(GossipVerdict::Accept), before + 1));
    for _ in 0..200 {
        assert_eq!(alone.by_gossip(3, Message::Vote(vote)), (Some(GossipVerdict::Ignore), 0));
    }
    // Its signer repeats itself every delta, and whoever was away meanwhile hears it then.
    pass(&mut alone.world, DELTA_MS + 1);
    assert_eq!(alone.by_gossip(2, Message::Vote(vote)), (None, 0));
    // But how the view ended is told otherwise.
    for node in [2, 3] {
        let vote = alone.sign(node, nullify(1));
        alone.by_stream(node, Message::Vote(vote));
    }
    let checks = alone.checks();
    pass(&mut alone.world, DELTA_MS / 20);
    let newest = GossipToken(alone.tokens);
    assert_eq!((alone.verdict(newest), alone.checks()), (Some(GossipVerdict::Ignore), checks));
    assert_eq!(alone.by_gossip(2, Message::Vote(vote)), (Some(GossipVerdict::Ignore), 0));
}

// FAULTS HB4
#[test]
fn votes_of_far_views_other_epochs_and_strangers_cost_no_check() {
    let mut alone = Alone::new();
    for view in [10, 1 << 40, u64::MAX] {
        let vote = alone.sign(1, nullify(view));
        assert_eq!(alone.by_gossip(2, Message::Vote(vote)), (Some(GossipVerdict::Ignore), 0), "view {view}");
    }
    let vote = alone.sign(1, VoteStatement { epoch: Epoch(1), ..nullify(1) });
    assert_eq!(alone.by_gossip(2, Message::Vote(vote)), (Some(GossipVerdict::Ignore), 0));
    let vote = Vote { signer: ValidatorIndex(4), ..alone.sign(1, nullify(1)) };
    assert_eq!(alone.by_gossip(2, Message::Vote(vote)), (Some(GossipVerdict::Reject), 0));
    let vote = alone.sign(1, nullify(1));
    assert_eq!(alone.by_gossip(2, Message::Vote(vote)), (Some(GossipVerdict::Accept), 1), "and one that is new");
    let vote = alone.junk(2, nullify(1));
    assert_eq!(alone.by_gossip(3, Message::Vote(vote)), (Some(GossipVerdict::Reject), 1));
}

// FAULTS HB3
#[test]
fn a_header_that_its_votes_signer_never_wrote_is_held_against_who_passed_it_on_alone() {
    let mut alone = Alone::new();
    let (_, genuine) = alone.first_proposal();
    let changes: [fn(&mut Proposal); 6] = [
        |proposal| proposal.header.time = TimeMs(proposal.header.time.0 + 1),
        |proposal| proposal.header.view = View(2),
        |proposal| proposal.header.epoch = Epoch(1),
        |proposal| proposal.header.proposer = ValidatorIndex(1),
        |proposal| proposal.header.chain_id.0.0[0] ^= 1,
        |proposal| proposal.vote.statement.parent_view = View(1),
    ];
    // The world panics when anybody is punished.
    for change in changes {
        let mut framed = genuine.clone();
        change(&mut framed);
        for node in [1, 2, 3] {
            assert_eq!(alone.by_gossip(node, Message::Proposal(framed.clone())), (Some(GossipVerdict::Reject), 0));
            if alone.places[0] != node {
                alone.by_stream(node, Message::Proposal(framed.clone()));
            }
        }
    }
    let proposal = Message::Proposal(genuine);
    assert_eq!(alone.by_gossip(2, proposal.clone()), (Some(GossipVerdict::Accept), 1));
    assert_eq!(alone.by_gossip(2, proposal), (Some(GossipVerdict::Ignore), 0));
}

// FAULTS HB4
#[test]
fn checks_that_nobody_asked_for_have_a_budget_and_certificates_one_of_their_own() {
    let mut alone = Alone::new();
    let flood = |alone: &mut Alone, from: u64| {
        for number in from..from + 2_000 {
            let block = Hash32(crypto::hash::sha256(&number.to_le_bytes()));
            let vote = alone.junk(u8::try_from(number % 3 + 1).expect("three"), notarize(number % 8 + 1, block));
            let _ = alone.by_gossip(2, Message::Vote(vote));
        }
    };
    let before = alone.checks();
    flood(&mut alone, 0);
    assert_eq!(alone.checks() - before, 64, "as many as are saved up");
    for second in 1..=3 {
        pass(&mut alone.world, 1_000);
        let before = alone.checks();
        flood(&mut alone, second * 2_000);
        assert_eq!(alone.checks() - before, 64, "nothing is saved beyond that");
    }
    let votes: Vec<Vote> = [1, 2, 3].map(|node| alone.sign(node, nullify(5))).to_vec();
    let sum = bls::aggregate_bytes(votes.iter().map(|vote| &vote.signature)).expect("they add up").to_bytes();
    let signers = SignerBitmap::new(4, votes.iter().map(|vote| vote.signer));
    let certificate = Message::Certificate(Certificate { statement: nullify(5), signers, signature: sum });
    assert_eq!(alone.by_gossip(2, certificate.clone()), (Some(GossipVerdict::Accept), 1));
    assert_eq!(alone.by_gossip(2, certificate), (Some(GossipVerdict::Ignore), 0));
}

// FAULTS HB4
#[test]
fn what_waits_to_be_passed_on_is_bounded() {
    let mut alone = Alone::new();
    let mut waiting = 0;
    for view in 1..=9 {
        for node in [1, 2] {
            for number in 0..2 {
                for kind in [VoteKind::Notarize, VoteKind::Finalize] {
                    let vote = alone.sign(node, statement(kind, view, Hash32([number + 1; 32])));
                    alone.by_stream(node, Message::Vote(vote));
                    // The same words with two other signatures: each is another message.
                    for other in 2..4 {
                        let vote = Vote { signature: BlsSignature([other; 48]), ..vote };
                        waiting += usize::from(alone.by_gossip(2, Message::Vote(vote)).0.is_none());
                    }
                }
            }
        }
    }
    assert_eq!(waiting, 128);
}

/// Gossip among nodes of which some do not reach each other.
struct Grapevine {
    /// What nodes could not say to everybody: who said what.
    said: Rc<RefCell<Vec<(usize, Message)>>>,
    cut: BTreeSet<(usize, usize)>,
    /// Who has had which publication.
    had: BTreeSet<(usize, u64)>,
    under_way: BTreeMap<GossipToken, (u64, Message)>,
    publications: u64,
    tokens: u64,
}

impl Grapevine {
    fn new(world: &mut World, cut: &[(usize, usize)]) -> Self {
        let cut: BTreeSet<_> = cut.iter().flat_map(|(one, two)| [(*one, *two), (*two, *one)]).collect();
        let said = Rc::new(RefCell::new(Vec::new()));
        let (heard, walls) = (said.clone(), cut.clone());
        world.post = Some(Box::new(move |from, to, message| {
            let passes = !walls.contains(&(from, to));
            if !passes && matches!(message, Message::Vote(_) | Message::Proposal(_)) {
                heard.borrow_mut().push((from, message.clone()));
            }
            passes
        }));
        let (had, under_way) = (BTreeSet::new(), BTreeMap::new());
        Self { said, cut, had, under_way, publications: 0, tokens: 0 }
    }

    fn carry(&mut self, world: &mut World, from: usize, publication: u64, message: &Message) {
        for to in 0..world.nodes.len() {
            if to != from && !self.cut.contains(&(from, to)) && self.had.insert((to, publication)) {
                self.tokens += 1;
                let (token, message) = (GossipToken(self.tokens), message.clone());
                self.under_way.insert(token, (publication, message.clone()));
                let from = world.nodes[from].peer;
                world.happen(to, Event::Message { from, via: Via::Gossip(token), message });
            }
        }
    }

    fn run(&mut self, world: &mut World, seen: &Rc<RefCell<Seen>>, ms: u64) {
        for _ in 0..ms {
            for (from, message) in self.said.take() {
                self.publications += 1;
                self.had.insert((from, self.publications));
                self.carry(world, from, self.publications, &message);
            }
            let verdicts = std::mem::take(&mut seen.borrow_mut().verdicts);
            for (place, token, verdict) in verdicts {
                let Some((publication, message)) = self.under_way.remove(&token) else { continue };
                assert_ne!(verdict, GossipVerdict::Reject, "honest nodes refuse nothing of each other");
                if verdict == GossipVerdict::Accept {
                    self.carry(world, place, publication, &message);
                }
            }
            pass(world, 1);
        }
    }
}

// FAULTS HA10
#[test]
fn with_one_validator_gone_nobody_checks_what_the_others_have_counted() {
    let (mut world, seen) = watched(World::new(4, 0));
    let mut grapevine = Grapevine::new(&mut world, &[(0, 3), (1, 3), (2, 3)]);
    (0..3).for_each(|place| world.start(place));
    grapevine.run(&mut world, &seen, 20_000);
    assert!(world.height(0) > 5 && grapevine.publications > 50, "{} {}", world.height(0), grapevine.publications);
    // A view that the absent one leads ends by its timer: for that long its votes may be missing somewhere.
    let checks = seen.borrow().checks;
    assert!(checks as u64 * 4 < grapevine.publications, "{checks} checks of {}", grapevine.publications);
    world.assert_agreement();
}

// FAULTS HA10
#[test]
fn two_validators_that_do_not_reach_each_other_finalize_with_a_third_who_passes_on_what_they_say() {
    let (mut world, seen) = watched(World::new(4, 0));
    // Node 2 is gone, so all of the others are needed.
    let mut grapevine = Grapevine::new(&mut world, &[(0, 3)]);
    [0, 1, 3].into_iter().for_each(|place| world.start(place));
    grapevine.run(&mut world, &seen, 30_000);
    let heights = [0, 1, 3].map(|place| world.height(place));
    assert!(heights.iter().all(|height| *height > 5), "{heights:?}");
    world.assert_agreement();
}
