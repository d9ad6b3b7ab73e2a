//! Leaders whose blocks with system calls do not become final: because they are invalid, or because nobody hears of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crypto::ids;
use execution::InvalidBlock;
use replica::wire::{Message, Sketch};
use types::{Hash32, Header, List, ModuleId, Proposal, SystemCall, Vote, VoteStatement};

use crate::miner::{Want, block_with, is_final, mine, network, places_of, shares_counted};
use crate::world::{World, validator_key};

/// Puts one more call into the blocks of node 1, which signs what comes of it.
struct Bender {
    chain: types::ChainId,
    more: SystemCall,
    bent: BTreeMap<Hash32, Header>,
}

impl Bender {
    fn bend_sketch(&mut self, sketch: &mut Sketch) {
        if !sketch.transactions.is_empty() {
            return;
        }
        let honest = ids::header_hash(&sketch.header);
        let mut calls = sketch.system_calls.to_vec();
        calls.push(self.more.clone());
        sketch.header.body_root = ids::body_root(&calls, &[]);
        sketch.system_calls = List::new(calls).expect("one more fits");
        self.bent.insert(honest, sketch.header.clone());
    }

    fn bend_proposal(&self, proposal: &mut Proposal) {
        let Some(header) = self.bent.get(&proposal.vote.statement.block) else { return };
        let statement = VoteStatement { block: ids::header_hash(header), ..proposal.vote.statement };
        let signature = validator_key(1).sign(&ids::vote_preimage(self.chain, &statement)).to_bytes();
        *proposal = Proposal { vote: Vote { statement, signature, ..proposal.vote }, header: header.clone() };
    }
}

/// A network in which node 1 puts this call into every block.
fn bent(mut world: World, more: SystemCall) -> World {
    world.criminal = Some(1);
    let mut bender = Bender { chain: world.chain, more, bent: BTreeMap::new() };
    world.post = Some(Box::new(move |from, _, message| {
        match message {
            Message::Sketch(sketch) if from == 1 => bender.bend_sketch(sketch),
            Message::Proposal(proposal) if from == 1 => bender.bend_proposal(proposal),
            _ => {}
        }
        true
    }));
    world
}

// FAULTS W2, W9
#[test]
fn a_leader_that_offers_an_invalid_system_call_gets_its_block_refused() {
    let world = network(4, 0, 200);
    let mut stolen = mine(&world, 0, Want::Share);
    let mut body = stolen.body.to_vec();
    // The payee stands behind the header, the anchor and most of the coinbase.
    let place = body.len() - 30;
    body[place] ^= 1;
    stolen.body = types::ByteString::new(body).expect("as long as before");
    let mut world = bent(world, stolen.clone());
    let height = world.height(0);
    assert!(world.run(60_000, |world| world.height(0) >= height + 12), "the others go on");
    let refused = |error: &InvalidBlock| matches!(error, InvalidBlock::SystemCall { .. });
    assert!(!world.invalid.is_empty() && world.invalid.iter().all(refused), "{:?}", world.invalid);
    assert_eq!(places_of(&world, 0, &stolen), [0_u64; 0]);
    world.assert_agreement();
}

// FAULTS W2
#[test]
fn a_leader_that_repeats_a_call_which_counted_already_gets_its_block_refused() {
    let mut world = network(4, 0, 200);
    let call = mine(&world, 0, Want::Share);
    world.submit_call(0, call.clone());
    assert!(world.run(10_000, |world| is_final(world, 4, &call)));
    let mut world = bent(world, call.clone());
    let height = world.height(0);
    assert!(world.run(60_000, |world| world.height(0) >= height + 12), "the others go on");
    assert!(!world.invalid.is_empty());
    assert_eq!((places_of(&world, 0, &call).len(), shares_counted(&world, 0)), (1, 1));
    world.assert_agreement();
}

#[test]
fn calls_of_a_block_whose_view_is_nullified_come_back_into_a_later_one() {
    let mut world = network(4, 0, 200);
    let lost = Rc::new(RefCell::new(BTreeSet::<Hash32>::new()));
    let remembered = lost.clone();
    // Everybody gets the body of the first block with a proof, and nobody its proposal.
    world.post = Some(Box::new(move |_, _, message| {
        let mut lost = remembered.borrow_mut();
        match message {
            Message::Sketch(sketch) => {
                let holds = sketch.system_calls.iter().any(|call| call.module == ModuleId(3));
                if holds && lost.is_empty() {
                    lost.insert(ids::header_hash(&sketch.header));
                }
                true
            }
            Message::Proposal(proposal) => !lost.contains(&proposal.vote.statement.block),
            _ => true,
        }
    }));
    let call = mine(&world, 3, Want::Work);
    world.submit_call(3, call.clone());
    assert!(world.run(30_000, |world| is_final(world, 4, &call)));
    let (hash, _) = block_with(&world, 0, &call);
    assert_eq!(lost.borrow().len(), 1);
    assert!(!lost.borrow().contains(&hash), "the block that was lost is not the one that became final");
    world.run(5_000, |_| false);
    for place in 0..4 {
        assert_eq!((places_of(&world, place, &call).len(), shares_counted(&world, place)), (1, 1));
        assert_eq!(world.calls_waiting(place), 0);
    }
    world.assert_agreement();
}
