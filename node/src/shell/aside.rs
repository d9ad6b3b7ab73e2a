//! What a replica without room on the disk will be told when there is some.
//!
//! Bounded by what it has asked for itself, and by the peers that are connected: of one that came and went only the last word
//! is kept.

use std::collections::{BTreeMap, VecDeque};

use replica::Event;
use types::PeerKey;

/// Events that wait, in order.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    answers: VecDeque<Event>,
    /// Whether a peer is up now; whoever was up before and is again has been down between.
    peers: BTreeMap<PeerKey, Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Came,
    Went,
    WentAndCame,
}

impl Aside {
    /// Keeps an event, or what is left of it with those before.
    pub(crate) fn keep(&mut self, event: Event) {
        match event {
            Event::PeerUp { peer } => {
                let change = match self.peers.get(&peer) {
                    None | Some(Change::Came) => Change::Came,
                    Some(Change::Went | Change::WentAndCame) => Change::WentAndCame,
                };
                self.peers.insert(peer, change);
            }
            Event::PeerDown { peer } => match self.peers.get(&peer) {
                Some(Change::Came) => drop(self.peers.remove(&peer)),
                _ => drop(self.peers.insert(peer, Change::Went)),
            },
            event => self.answers.push_back(event),
        }
    }

    /// Everything, who came and went first.
    pub(crate) fn take(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (peer, change) in std::mem::take(&mut self.peers) {
            if change != Change::Came {
                events.push(Event::PeerDown { peer });
            }
            if change != Change::Went {
                events.push(Event::PeerUp { peer });
            }
        }
        events.extend(std::mem::take(&mut self.answers));
        events
    }
}

#[cfg(test)]
mod tests {
    use types::Height;

    use super::*;

    fn words(events: &[Event]) -> Vec<String> {
        let word = |event: &Event| match event {
            Event::PeerUp { peer } => format!("+{}", peer.0[0]),
            Event::PeerDown { peer } => format!("-{}", peer.0[0]),
            Event::Committed { height } => format!("{height}"),
            _ => "?".to_owned(),
        };
        events.iter().map(word).collect()
    }

    // FAULTS HT12
    #[test]
    fn however_often_peers_come_and_go_one_word_of_each_is_kept() {
        let mut aside = Aside::default();
        let peer = |number: u8| PeerKey([number; 32]);
        for _ in 0..1_000 {
            // A stranger that comes and goes, one that was there before and is again, one that comes to stay.
            aside.keep(Event::PeerUp { peer: peer(1) });
            aside.keep(Event::PeerDown { peer: peer(1) });
            aside.keep(Event::PeerDown { peer: peer(2) });
            aside.keep(Event::PeerUp { peer: peer(2) });
            aside.keep(Event::PeerUp { peer: peer(3) });
        }
        aside.keep(Event::PeerDown { peer: peer(4) });
        aside.keep(Event::Committed { height: Height(7) });
        aside.keep(Event::Committed { height: Height(8) });
        assert_eq!(words(&aside.take()), ["-2", "+2", "+3", "-4", "7", "8"]);
        assert!(aside.take().is_empty());
    }
}
