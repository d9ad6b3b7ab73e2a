//! Answering a question for final blocks, from whatever store a shell has.
//!
//! An answer ends with a block that its own certificate proves: what became final with a later block is of no use
//! without that one. It is bounded in blocks and bytes whatever was asked for.

use crypto::ids::header_hash;
use types::List;

use crate::wire::{ANSWER_BYTES_MAX, BLOCKS_PER_ANSWER_MAX, CertifiedBlock, Response};

/// Takes about `count` of the blocks, which come in rising order from the height that was asked for.
///
/// # Errors
/// Those of the store.
pub fn answer_range<E>(count: u16, blocks: impl IntoIterator<Item = Result<CertifiedBlock, E>>) -> Result<Response, E> {
    let mut answer: Vec<CertifiedBlock> = Vec::new();
    let mut proven = 0;
    let mut bytes: usize = 0;
    for block in blocks {
        let block = block?;
        bytes = bytes.saturating_add(borsh::object_length(&block).unwrap_or(usize::MAX));
        if !answer.is_empty() && bytes > ANSWER_BYTES_MAX {
            break;
        }
        let is_proven = block.certificate.statement.block == header_hash(&block.header);
        answer.push(block);
        if is_proven {
            proven = answer.len();
        }
        let enough = answer.len() >= usize::from(count) && proven == answer.len();
        if enough || answer.len() >= BLOCKS_PER_ANSWER_MAX {
            break;
        }
    }
    answer.truncate(proven);
    Ok(Response::Range(List::new(answer).unwrap_or_default()))
}
