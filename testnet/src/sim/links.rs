//! The network between nodes: every message takes its own time, so messages overtake each other; some are lost, some
//! come twice, some cannot pass (FAULTS C15). Every link may have a time of its own in each direction (FAULTS HA1).
//!
//! It must not know what a message means; a scenario may hold back what it recognizes by a filter.

use std::ops::RangeInclusive;

use replica::wire::Message;

use super::lots::Lots;

/// What a filter looks at.
pub(crate) struct Passing<'a> {
    pub(crate) to: usize,
    pub(crate) message: &'a Message,
}

/// Says whether a message is to vanish.
pub(crate) type Filter = Box<dyn FnMut(&Passing<'_>) -> bool + Send>;

/// What was sent, once for each receiver, whether or not it arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

/// How the network treats messages now.
pub(crate) struct Links {
    /// How long a message takes, where links do not differ.
    pub(crate) delay_us: RangeInclusive<u64>,
    /// How long it takes where they do: by sender and receiver.
    ways_us: Option<Vec<Vec<RangeInclusive<u64>>>>,
    /// Of a thousand messages so many are lost.
    pub(crate) lost: u64,
    /// Of a thousand messages so many come twice.
    pub(crate) doubled: u64,
    /// Added to every message to or from a node.
    pub(crate) slow_us: Vec<u64>,
    /// What nothing passes: from, to.
    cut: Vec<Vec<bool>>,
    pub(crate) filter: Option<Filter>,
    /// Since the start.
    pub(crate) traffic: Traffic,
    lots: Lots,
}

impl Links {
    pub(crate) fn new(nodes: usize, lots: Lots) -> Self {
        Self {
            delay_us: 500..=3_000,
            ways_us: None,
            lost: 0,
            doubled: 0,
            slow_us: vec![0; nodes],
            cut: vec![vec![false; nodes]; nodes],
            filter: None,
            traffic: Traffic::default(),
            lots,
        }
    }

    /// After which times a message of so many bytes arrives: never, once or twice.
    pub(crate) fn carry(&mut self, from: usize, to: usize, bytes: usize) -> Vec<u64> {
        self.traffic.messages += 1;
        self.traffic.bytes += bytes as u64;
        if self.cut[from][to] || self.lots.chance(self.lost) {
            return Vec::new();
        }
        let copies = if self.lots.chance(self.doubled) { 2 } else { 1 };
        let slow_us = self.slow_us[from] + self.slow_us[to];
        let way_us = self.ways_us.as_ref().map_or(&self.delay_us, |ways| &ways[from][to]);
        (0..copies).map(|_| slow_us + self.lots.between(way_us.clone())).collect()
    }

    /// From now on a message takes as long as its sender and its receiver are apart in this direction.
    pub(crate) fn lay(&mut self, mut way_us: impl FnMut(usize, usize) -> RangeInclusive<u64>) {
        let nodes = self.cut.len();
        let row = |from: usize, way_us: &mut dyn FnMut(usize, usize) -> RangeInclusive<u64>| {
            (0..nodes).map(|to| way_us(from, to)).collect()
        };
        self.ways_us = Some((0..nodes).map(|from| row(from, &mut way_us)).collect());
    }

    /// Whether nothing passes in this direction.
    pub(crate) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cut[from][to]
    }

    /// Whether the scenario holds this message back.
    pub(crate) fn filtered(&mut self, to: usize, message: &Message) -> bool {
        self.filter.as_mut().is_some_and(|filter| filter(&Passing { to, message }))
    }

    /// Nothing passes in this direction any more.
    pub(crate) fn cut_one_way(&mut self, from: usize, to: usize) {
        self.cut[from][to] = true;
    }

    /// Nodes of different groups cannot reach each other; who is in no group is alone.
    pub(crate) fn split(&mut self, groups: &[Vec<usize>]) {
        let group = |node| groups.iter().position(|group| group.contains(&node));
        for from in 0..self.cut.len() {
            for to in 0..self.cut.len() {
                self.cut[from][to] = from != to && (group(from) != group(to) || group(from).is_none());
            }
        }
    }

    /// Everything passes again, fast and once.
    pub(crate) fn heal(&mut self) {
        self.cut.iter_mut().for_each(|row| row.fill(false));
        self.slow_us.fill(0);
        self.delay_us = 500..=3_000;
        self.ways_us = None;
        (self.lost, self.doubled) = (0, 0);
        self.filter = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_separates_groups_and_isolates_who_is_in_none() {
        let mut links = Links::new(4, Lots::new(1));
        links.split(&[vec![0, 1], vec![2]]);
        assert_eq!(links.carry(0, 1, 9).len(), 1);
        for (from, to) in [(0, 2), (2, 0), (3, 0), (1, 3), (3, 2)] {
            assert!(links.carry(from, to, 9).is_empty(), "{from} reaches {to}");
        }
        links.heal();
        assert_eq!(links.carry(3, 0, 9).len(), 1);
        assert_eq!(links.traffic, Traffic { messages: 7, bytes: 63 });
    }

    #[test]
    fn links_that_were_laid_take_their_own_time_in_each_direction_until_everything_is_healed() {
        let mut links = Links::new(2, Lots::new(1));
        links.lay(|from, _| if from == 0 { 40_000..=40_000 } else { 70_000..=90_000 });
        assert_eq!(links.carry(0, 1, 9), [40_000]);
        let back: Vec<u64> = (0..100).flat_map(|_| links.carry(1, 0, 9)).collect();
        assert!(back.iter().all(|us| (70_000..=90_000).contains(us)) && back.iter().min() != back.iter().max());
        links.heal();
        assert!(links.carry(0, 1, 9)[0] <= 3_000);
    }
}
