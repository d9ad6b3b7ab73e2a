//! Lies to those who catch up, in eight ways (FAULTS C18, L16): a false height, a decreasing height, nothing, a gap, a
//! changed body, a forged certificate, blocks in the wrong order, an old block again and again.

use replica::wire::{CertifiedBlock, Request, Response};
use types::{BlsSignature, Body, Height, List};

use super::{Crime, Hand};

/// One way of lying, or all of them in turn.
pub(crate) struct Liar {
    /// Which of the eight ways; all in turn if absent.
    pub(crate) way: Option<u64>,
}

/// How many ways there are.
pub(crate) const WAYS: u64 = 8;

impl Crime for Liar {
    fn answer(&mut self, hand: &mut Hand<'_>, _request: &Request, honest: Response) -> Option<Response> {
        let way = self.way.unwrap_or_else(|| hand.lots.below(WAYS));
        hand.faults.add("lie to who catches up");
        match honest {
            Response::Status(mut status) => {
                status.height = match way {
                    0 => Height(u64::MAX - 1),
                    1 => Height(status.height.0 / 2),
                    _ => Height(status.height.0 + 1_000),
                };
                Some(Response::Status(status))
            }
            Response::Range(blocks) if way != 2 => {
                let mut blocks = blocks.into_vec();
                bend(way, &mut blocks);
                Some(Response::Range(List::new(blocks).expect("never more than there were")))
            }
            Response::Range(_) => Some(Response::Range(List::default())),
            Response::Headers(headers) => {
                let mut headers = headers.into_vec();
                if way.is_multiple_of(2) {
                    headers.reverse();
                } else {
                    headers.clear();
                }
                Some(Response::Headers(List::new(headers).expect("never more than there were")))
            }
            Response::Kept(Some(mut kept)) if way == 4 => {
                kept.block.header.height = kept.block.header.height.next();
                Some(Response::Kept(Some(kept)))
            }
            Response::Kept(_) => hand.lots.chance(500).then_some(Response::Kept(None)),
            Response::Block(Some(mut block)) if way == 4 => {
                block.header.height = block.header.height.next();
                Some(Response::Block(Some(block)))
            }
            Response::Block(_) => hand.lots.chance(500).then_some(Response::Block(None)),
            Response::Transactions(found) if way.is_multiple_of(2) => {
                let bent = found.into_vec().into_iter().rev().collect();
                Some(Response::Transactions(List::new(bent).expect("as many as there were")))
            }
            Response::Transactions(_) => hand.lots.chance(500).then(|| Response::Transactions(List::default())),
            Response::Certificates(_) => hand.lots.chance(500).then(|| Response::Certificates(List::default())),
        }
    }
}

fn bend(way: u64, blocks: &mut Vec<CertifiedBlock>) {
    let middle = blocks.len() / 2;
    match way {
        3 if blocks.len() > 2 => drop(blocks.remove(middle)),
        4 => {
            if let Some(block) = blocks.get_mut(middle) {
                block.header.time = block.header.time.next();
                block.body = Body::default();
            }
        }
        5 => {
            for block in &mut blocks[middle..] {
                block.certificate.signature = BlsSignature([1; 48]);
            }
        }
        6 => blocks.reverse(),
        7 => {
            if let Some(first) = blocks.first().cloned() {
                blocks.fill(first);
            }
        }
        _ => {}
    }
}
