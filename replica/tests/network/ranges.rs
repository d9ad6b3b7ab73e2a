//! What an answer to a question for final blocks may cost, whatever was asked for. FAULTS P10.

use std::convert::Infallible;

use replica::wire::{ANSWER_BYTES_MAX, BLOCKS_PER_ANSWER_MAX, CertifiedBlock, Response};
use types::List;

use crate::world::World;

/// A final block with one transfer.
fn block() -> CertifiedBlock {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    let id = world.transfer(0, 1, 2, 0, 7);
    assert!(world.run(10_000, |world| world.includes(0, id)));
    let blocks = &world.nodes[0].disks.blocks;
    let own = blocks.values().find(|block| !block.body.transactions.is_empty()).expect("it includes the transfer");
    CertifiedBlock { header: own.header.clone(), body: own.body.as_ref().clone(), certificate: own.certificate.clone() }
}

/// Blocks in the answer, their bytes, and how many blocks were read from an endless chain for it.
fn answer(count: u16, block: &CertifiedBlock) -> (usize, usize, usize) {
    let mut read = 0;
    let chain = std::iter::repeat_with(|| {
        read += 1;
        Ok::<_, Infallible>(block.clone())
    });
    let Ok(Response::Range(blocks)) = replica::answer_range(count, chain) else { panic!("an endless chain answers") };
    let bytes = blocks.iter().map(|block| borsh::object_length(block).expect("it was encoded before")).sum();
    (blocks.len(), bytes, read)
}

// FAULTS P10: a range of any length.
#[test]
fn a_range_is_answered_in_bounded_blocks_and_bytes_however_many_are_asked_for() {
    let mut block = block();
    for (count, blocks) in [(0, 1), (1, 1), (7, 7), (512, 512), (513, 512), (u16::MAX, 512)] {
        let (answered, bytes, read) = answer(count, &block);
        assert_eq!((answered, read), (blocks, blocks), "of {count}");
        assert!(answered <= BLOCKS_PER_ANSWER_MAX && bytes <= ANSWER_BYTES_MAX);
    }
    // Bodies of a hundred kilobytes and more.
    let transaction = block.body.transactions.iter().next().expect("the transfer").clone();
    block.body.transactions = List::new(vec![transaction; 500]).expect("fewer than a body may hold");
    let (answered, bytes, read) = answer(u16::MAX, &block);
    assert!(
        bytes <= ANSWER_BYTES_MAX && bytes + bytes / answered > ANSWER_BYTES_MAX,
        "{answered} blocks, {bytes} bytes"
    );
    assert_eq!(read, answered + 1, "the one that did not fit was the last one read");
}
