//! Says again, by stream and by gossip, whatever it ever heard, also of earlier views and epochs (FAULTS HA10, HB4).

use std::collections::VecDeque;

use replica::wire::Message;

use super::{Crime, Hand, Utterance};

/// Messages that it remembers, of all that it heard.
const REMEMBERED_MAX: usize = 512;

/// Says so many things for every message that it hears anew.
pub(crate) struct Replayer {
    burst: u64,
    heard: VecDeque<Message>,
}

impl Replayer {
    pub(crate) const fn new(burst: u64) -> Self {
        Self { burst, heard: VecDeque::new() }
    }

    /// Newest or any: what just came is still of interest to somebody.
    fn pick(&self, hand: &mut Hand<'_>) -> Option<Message> {
        let newest = hand.lots.chance(300);
        let place = if newest { self.heard.len().checked_sub(1)? } else { hand.lots.place(self.heard.len()) };
        self.heard.get(place).cloned()
    }
}

impl Crime for Replayer {
    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        if matches!(heard, Message::Transactions(_)) {
            return Vec::new();
        }
        if self.heard.len() >= REMEMBERED_MAX {
            // What stays is of all ages.
            let place = hand.lots.place(self.heard.len());
            self.heard.remove(place);
        }
        self.heard.push_back(heard.clone());
        let mut said = Vec::new();
        for _ in 0..self.burst {
            let Some(again) = self.pick(hand) else { break };
            hand.faults.add("replay");
            let to = hand.somebody();
            let gossiped = matches!(again, Message::Proposal(_) | Message::Vote(_) | Message::Certificate(_));
            let by_gossip = gossiped && hand.lots.chance(600);
            said.push((to, if by_gossip { Utterance::Gossip(again) } else { Utterance::Stream(again) }));
        }
        said
    }
}
