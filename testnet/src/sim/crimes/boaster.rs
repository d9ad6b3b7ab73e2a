//! Claims a chain that nobody has, and keeps silent when asked for it (FAULTS HA8): any height, any epoch, again and again.

use replica::wire::{Request, Response};
use types::{Epoch, Height};

use super::{Crime, Hand};

/// What it says when it is asked for blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nothing: every question has to run out.
    Silent,
    /// That it has none.
    Empty,
    /// One or the other, and now and then the truth.
    Changing,
}

/// A peer that is always further than everybody.
pub(crate) struct Boaster {
    pub(crate) manner: Manner,
}

impl Crime for Boaster {
    fn answer(&mut self, hand: &mut Hand<'_>, request: &Request, honest: Response) -> Option<Response> {
        match honest {
            Response::Status(mut status) => {
                hand.faults.add("false claim");
                status.height = Height(hand.lots.pick(&[u64::MAX - 1, status.height.0 + 3, status.height.0 + 100_000]));
                status.epoch = Epoch(hand.lots.pick(&[u64::MAX - 1, status.epoch.0 + 1]));
                Some(Response::Status(status))
            }
            honest if matches!(request, Request::Range { .. } | Request::Headers { .. } | Request::Kept { .. }) => {
                let silent = match self.manner {
                    Manner::Silent => true,
                    Manner::Empty => false,
                    Manner::Changing if hand.lots.chance(200) => return Some(honest),
                    Manner::Changing => hand.lots.chance(500),
                };
                hand.faults.add("claim without blocks");
                if silent {
                    return None;
                }
                Some(match honest {
                    Response::Headers(_) => Response::Headers(types::List::default()),
                    Response::Kept(_) => Response::Kept(None),
                    _ => Response::Range(types::List::default()),
                })
            }
            honest => Some(honest),
        }
    }
}
