//! Answering a question for final blocks, from whatever store a shell has.
//!
//! An answer ends with a block that is proven within it, if there is one. If there is none, it is as long as was asked for:
//! the certificate of its blocks tells where the headers begin that prove them. It is bounded in blocks and bytes whatever was
//! asked for.

use crypto::ids::header_hash;
use types::{Canonical, Header, List, Receipt};

use crate::wire::{
    ANSWER_BYTES_MAX, BLOCKS_PER_ANSWER_MAX, CertifiedBlock, HEADERS_PER_ANSWER_MAX, KeptBlock, Response,
};

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
    answer.truncate(if proven == 0 { usize::from(count.max(1)) } else { proven });
    Ok(Response::Range(List::new(answer).unwrap_or_default()))
}

/// Takes about `count` of the headers, which come in falling order from the block that was asked for.
///
/// # Errors
/// Those of the store.
pub fn answer_headers<E>(count: u16, headers: impl IntoIterator<Item = Result<Header, E>>) -> Result<Response, E> {
    let count = usize::from(count).min(HEADERS_PER_ANSWER_MAX);
    let headers = headers.into_iter().take(count).collect::<Result<Vec<_>, E>>()?;
    Ok(Response::Headers(List::new(headers).unwrap_or_default()))
}

/// A final block with its receipts, unless both together are too long for an answer.
#[must_use]
pub fn answer_kept(kept: Option<(CertifiedBlock, Vec<Receipt>)>) -> Response {
    let kept = kept.and_then(|(block, receipts)| Some(KeptBlock { block, receipts: List::new(receipts).ok()? }));
    let fits =
        |kept: &KeptBlock| borsh::object_length(kept).is_ok_and(|bytes| bytes.saturating_add(8) < Response::BYTES_MAX);
    Response::Kept(kept.filter(fits).map(Box::new))
}
