//! Bitcoin's own blocks, as BIP54 publishes them: good headers of Bitcoin, and no work here.
//!
//! The blocks of height 4 have different coinbases on the same parent; each of them was solved at difficulty 1.

use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash as _;
use pow::{Coinbase, CoinbaseError, CompactBits, Difficulty, Target, WorkHeader, merkle};

const VECTORS: &str = include_str!("vectors/bip54.txt");
/// The height of the blocks that share a parent.
const LAST_HEIGHT: usize = 4;

/// A block of one transaction.
struct Block {
    header: [u8; WorkHeader::LENGTH],
    coinbase: Vec<u8>,
    /// As the crate `bitcoin` reads it.
    theirs: bitcoin::Block,
}

fn blocks() -> Vec<Block> {
    let lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
    let read = |line| {
        let bytes = hex::decode(line).expect("hex");
        let (header, rest) = bytes.split_first_chunk().expect("a header");
        let (count, coinbase) = rest.split_first().expect("a count");
        assert_eq!(*count, 1, "one transaction");
        let theirs = deserialize(&bytes).expect("a block");
        Block { header: *header, coinbase: coinbase.to_vec(), theirs }
    };
    let blocks: Vec<Block> = lines.map(read).collect();
    assert_eq!(blocks.len(), LAST_HEIGHT + 7);
    blocks
}

// FAULTS W5
#[test]
fn the_headers_of_bip54_are_proven_at_difficulty_one_and_linked() {
    let blocks = blocks();
    let mut hashes: Vec<[u8; 32]> = Vec::new();
    for (place, Block { header: bytes, coinbase, theirs }) in blocks.iter().enumerate() {
        let header = WorkHeader::from_bytes(bytes);
        assert_eq!(header.to_bytes(), *bytes, "block {place}");
        let parent = place.min(LAST_HEIGHT).checked_sub(1).map_or([0; 32], |parent| hashes[parent]);
        assert_eq!(header.previous, parent, "block {place}");
        assert_eq!(header.bits, CompactBits(0x1d00_ffff), "block {place}");
        let target = Target::from_compact(header.bits).expect("good bits");
        assert!(target.is_met_by(&header.hash()), "block {place}");
        assert_eq!(target.difficulty(), Difficulty::ONE, "block {place}");
        assert_eq!(merkle::fold(pow::sha256d(coinbase), &[]), header.merkle_root, "block {place}");

        assert_eq!(theirs.block_hash().to_byte_array(), header.hash(), "block {place}");
        assert_eq!(theirs.header.target().to_le_bytes(), target.to_le_bytes(), "block {place}");
        assert_eq!(theirs.header.difficulty(bitcoin::Network::Bitcoin), 1, "block {place}");
        assert_eq!(theirs.header.validate_pow(theirs.header.target()), Ok(theirs.block_hash()), "block {place}");
        assert!(theirs.check_merkle_root(), "block {place}");
        hashes.push(header.hash());
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), blocks.len(), "every block once");
}

// FAULTS W5
#[test]
fn a_bit_flipped_anywhere_in_a_proven_header_loses_the_proof() {
    for (place, block) in blocks().iter().enumerate() {
        let asked = Target::from_compact(WorkHeader::from_bytes(&block.header).bits).expect("good bits");
        for bit in 0..8 * WorkHeader::LENGTH {
            let mut bytes = block.header;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let header = WorkHeader::from_bytes(&bytes);
            assert!(!asked.is_met_by(&header.hash()), "block {place}, bit {bit}");
            // Changed nBits do not help either: they are no target, or one that is not met.
            let claimed = Target::from_compact(header.bits);
            let is_met = claimed.is_ok_and(|target| target.is_met_by(&header.hash()));
            assert!(!is_met, "block {place}, bit {bit}, by its own bits");
        }
    }
}

// FAULTS W9
#[test]
fn no_coinbase_of_bitcoin_is_one_of_this_chain() {
    for (place, Block { coinbase, theirs, .. }) in blocks().iter().enumerate() {
        // The first block's script begins with the push of its bits, which reads as a height. The others push their heights as
        // opcodes without bytes, which no work does.
        let expected = if place == 0 { CoinbaseError::NoCommitment } else { CoinbaseError::Height };
        assert_eq!(Coinbase::parse(coinbase), Err(expected), "block {place}");

        let mut bent = theirs.txdata[0].clone();
        let height = u8::try_from(place.min(LAST_HEIGHT)).expect("small");
        bent.input[0].script_sig = bitcoin::ScriptBuf::from_bytes(vec![1, height]);
        let bent = bitcoin::consensus::serialize(&bent);
        assert_eq!(Coinbase::parse(&bent), Err(CoinbaseError::NoCommitment), "block {place}, with a height as ours");
    }
}
