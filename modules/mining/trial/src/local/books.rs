//! Who has earned what, reckoned anew from a chain's blocks: with lists and loops where the module has sums and accumulators.
//!
//! It must not ask a node for anything but blocks. Invariants: a header counts once; every reward stands in accounts, in what
//! payees are owed, or in what could not be divided, to the last 2^-128 µTHR.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mining::{Mining as Module, MiningParameters as Rules};
use pow::U256;
use testnet::devnet::{Failure, Outcome};
use types::{Address, Amount, Genesis, Hash32, Height};
use wallet::client::types::BlockResponse;

use super::events::{self, Event, Proof, Split};
use super::target::{self, Anchor, Pace};

/// Who has less, in µTHR, is paid with its next share.
const PAID_UNASKED_BELOW: u128 = 10_000;
/// Most shares that leave the window when one enters.
const LEAVE_MAX: usize = 4;
/// Amounts are counted in units of 2^-128 µTHR.
const FRACTION_BITS: usize = 128;

/// A work as it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Work {
    /// The block that accepted it.
    pub(super) block: Height,
    /// That block's time, in milliseconds.
    pub(super) time_ms: u64,
    /// How many hashes its target takes on average.
    pub(super) hashes: u128,
}

/// The books.
#[derive(Clone, Debug)]
pub(super) struct Books {
    rules: Rules,
    /// The next block to be read.
    pub(super) next: Height,
    /// What the next work builds on, and its nBits.
    tip: ([u8; 32], u32),
    /// What shares of grace build on, and their nBits.
    grace: Option<([u8; 32], u32)>,
    anchor: Option<Anchor>,
    seen: BTreeSet<Hash32>,
    window: VecDeque<(Address, u128)>,
    owed: BTreeMap<Address, U256>,
    rest: U256,
    /// All works, the first first.
    pub(super) works: Vec<Work>,
    /// How many proofs were counted as shares, the works among them.
    pub(super) shares: u64,
    /// What went into accounts, by account, in µTHR: finders' parts, fixed parts, claims.
    income: BTreeMap<Address, u128>,
    /// All that was issued for works, in µTHR.
    pub(super) issued: u128,
    /// All that was claimed or paid without a claim, in µTHR.
    pub(super) claimed: u128,
    /// How often somebody was paid without a claim.
    pub(super) paid_unasked: u32,
    /// The newest block's time, in milliseconds.
    pub(super) time_ms: u64,
    /// How many blocks without a proof came last.
    pub(super) quiet_blocks: u32,
    /// Fees and tips, by account, in µTHR.
    spent: BTreeMap<Address, u128>,
    /// Shares by payee, the works among them.
    shares_of: BTreeMap<Address, u64>,
}

impl Books {
    /// Before the first block.
    pub(super) fn new(genesis: &Genesis, chain_id: Hash32) -> Self {
        let rules = execution::section::<Module>(genesis).expect("a network that mines has a section for it");
        let tip = (chain_id.0, rules.launch_bits);
        Self {
            rules,
            next: Height(1),
            tip,
            grace: None,
            anchor: None,
            seen: BTreeSet::new(),
            window: VecDeque::new(),
            owed: BTreeMap::new(),
            rest: U256::ZERO,
            works: Vec::new(),
            shares: 0,
            income: BTreeMap::new(),
            issued: 0,
            claimed: 0,
            paid_unasked: 0,
            time_ms: genesis.time.0,
            quiet_blocks: 0,
            spent: BTreeMap::new(),
            shares_of: BTreeMap::new(),
        }
    }

    /// Being this far behind the wanted pace doubles the target, in milliseconds.
    pub(super) const fn half_life_ms(&self) -> u64 {
        self.rules.half_life_ms
    }

    /// What an account could claim now, in µTHR.
    pub(super) fn claimable(&self, payee: &Address) -> u128 {
        self.owed.get(payee).map_or(0, |owed| whole(*owed))
    }

    /// What an account has got from mining, less its fees and tips, in µTHR: the balance of one that does nothing else.
    pub(super) fn balance(&self, account: &Address) -> u128 {
        let of = |amounts: &BTreeMap<Address, u128>| amounts.get(account).copied().unwrap_or_default();
        of(&self.income).saturating_sub(of(&self.spent))
    }

    /// How many shares of a payee were counted.
    pub(super) fn shares_of(&self, payee: &Address) -> u64 {
        self.shares_of.get(payee).copied().unwrap_or_default()
    }

    /// Whether a header was counted.
    pub(super) fn has(&self, hash: &Hash32) -> bool {
        self.seen.contains(hash)
    }

    /// What the pot must hold, in µTHR: what was given to the window and not claimed.
    pub(super) fn pot(&self) -> u128 {
        let all = self.owed.values().fold(self.rest, |sum, owed| sum + *owed);
        whole(all)
    }

    /// Takes the next block in, and compares what it reports with what it ought to.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn take(&mut self, block: &BlockResponse) -> Outcome<()> {
        let height = block.header.height;
        let wrong = |why: String| Failure::new(format!("block {height}: {why}"));
        if height != self.next {
            return Err(wrong(format!("block {} was expected", self.next)));
        }
        let (own, others) = block.receipts.split_first().ok_or_else(|| wrong("it has no receipt".to_owned()))?;
        // Fees are taken before anything else happens.
        for (receipt, transaction) in others.iter().zip(&block.transactions) {
            let body = &transaction.transaction.body;
            *self.spent.entry(body.sender).or_default() += receipt.fee.0 + body.tip.0;
        }
        let mut expected = Vec::new();
        let mut work = None;
        let proofs = Proof::of_block(block)?;
        self.quiet_blocks = if proofs.is_empty() { self.quiet_blocks.saturating_add(1) } else { 0 };
        for proof in proofs {
            if !self.seen.insert(proof.hash) {
                return Err(wrong(format!("the header {} is counted a second time", proof.hash)));
            }
            if self.is_work(&proof) {
                if work.replace(proof).is_some() {
                    return Err(wrong("it holds two works".to_owned()));
                }
                continue;
            }
            expected.extend(self.take_share(&proof).map_err(wrong)?);
        }
        for receipt in others {
            for event in events::of_receipt(receipt)? {
                self.take_claim(&event).map_err(wrong)?;
            }
        }
        let reported = events::of_receipt(own)?;
        if let Some(work) = work {
            let bits =
                next_bits(&reported).ok_or_else(|| wrong("it holds a work and does not report it".to_owned()))?;
            expected.extend(self.take_work(block, &work, bits).map_err(wrong)?);
        }
        if reported != expected {
            return Err(wrong(format!("it reports {reported:?}, and by the rules it is {expected:?}")));
        }
        (self.next, self.time_ms) = (Height(height.0 + 1), block.header.time.0);
        Ok(())
    }

    fn is_work(&self, proof: &Proof) -> bool {
        proof.previous == self.tip.0 && target::is_met(target::of_bits(self.tip.1), &proof.hash.0)
    }

    /// Counts a share on the newest work or the one before it, and pays who has next to nothing.
    fn take_share(&mut self, proof: &Proof) -> Result<Vec<Event>, String> {
        let works = self.works.len() as u64;
        let place = match self.grace {
            _ if proof.previous == self.tip.0 => Some((works + 1, self.tip.1)),
            Some((previous, bits)) if proof.previous == previous => Some((works, bits)),
            _ => None,
        };
        let (work_height, bits) = place.ok_or_else(|| format!("the share {} builds on nothing", proof.hash))?;
        let target = target::of_shares(&self.rules, bits);
        if proof.bits != bits || !target::is_met(target, &proof.hash.0) {
            return Err(format!("the share {} does not meet its target", proof.hash));
        }
        let weight = target::hashes(target);
        self.enter(proof.payee, weight);
        let mut reported = vec![Event::Share(work_height, proof.hash, proof.payee, weight)];
        let owed = self.claimable(&proof.payee);
        if self.balance(&proof.payee) < PAID_UNASKED_BELOW && owed > 0 {
            let paid = Event::Claimed(proof.payee, Amount(owed));
            self.take_claim(&paid)?;
            self.paid_unasked += 1;
            reported.push(paid);
        }
        Ok(reported)
    }

    /// Into the window, and out of it what is above its width.
    fn enter(&mut self, payee: Address, weight: u128) {
        self.shares += 1;
        *self.shares_of.entry(payee).or_default() += 1;
        self.window.push_back((payee, weight));
        let per_share = target::hashes(target::of_shares(&self.rules, self.tip.1));
        let width = per_share * u128::from(self.rules.window_works) * u128::from(self.rules.share_factor);
        for _ in 0..LEAVE_MAX {
            let weight: u128 = self.window.iter().map(|(_, weight)| weight).sum();
            match self.window.front().copied() {
                Some((oldest, its)) if weight - its >= width => {
                    self.window.pop_front();
                    self.forget_dust(oldest);
                }
                _ => break,
            }
        }
    }

    /// Who has no share in the window and is owed less than a µTHR gives that back.
    fn forget_dust(&mut self, payee: Address) {
        let has_share = self.window.iter().any(|(other, _)| *other == payee);
        if !has_share && self.claimable(&payee) == 0 {
            self.rest += self.owed.remove(&payee).unwrap_or_default();
        }
    }

    /// Pays a work: the parts by the schedule, the window's by weight.
    fn take_work(&mut self, block: &BlockResponse, proof: &Proof, next_bits: u32) -> Result<Vec<Event>, String> {
        let mut reported = self.take_share(proof)?;
        let work_height = self.works.len() as u64 + 1;
        let split = split(&self.rules, work_height);
        let fixed = [
            (proof.payee, split.finder),
            (self.rules.ai_pool, split.ai_pool),
            (self.rules.validators, split.validators),
            (self.rules.ecosystem, split.ecosystem),
        ];
        for (account, amount) in fixed {
            *self.income.entry(account).or_default() += amount.0;
            self.issued += amount.0;
        }
        self.issued += split.window.0;
        self.divide(split.window);
        let time_ms = block.header.time.0;
        let anchor = self.anchor.unwrap_or(Anchor { height: work_height, time_ms });
        if !Pace::after(&self.rules, anchor, work_height, time_ms).fits(next_bits) {
            return Err(format!("nBits {next_bits:08x} after work {work_height} are not those of the pace"));
        }
        let is_easiest = next_bits == self.rules.launch_bits;
        self.anchor = Some(if is_easiest { Anchor { height: work_height, time_ms } } else { anchor });
        let hashes = target::hashes(target::of_bits(self.tip.1));
        self.works.push(Work { block: block.header.height, time_ms, hashes });
        self.grace = Some(self.tip);
        self.tip = (proof.hash.0, next_bits);
        reported.push(Event::Work(work_height, proof.hash, proof.payee, split, next_bits));
        Ok(reported)
    }

    /// A reward and what was left of earlier ones, to every share of the window by its weight.
    fn divide(&mut self, reward: Amount) {
        let pot = (U256::from(reward.0) << FRACTION_BITS) + self.rest;
        let weight = U256::from(self.window.iter().map(|(_, weight)| weight).sum::<u128>());
        let each = pot / weight;
        self.rest = pot - each * weight;
        for (payee, weight) in &self.window {
            *self.owed.entry(*payee).or_default() += each * U256::from(*weight);
        }
    }

    fn take_claim(&mut self, event: &Event) -> Result<(), String> {
        let Event::Claimed(payee, amount) = event else {
            return Err(format!("a transaction reports {event:?}"));
        };
        let expected = self.claimable(payee);
        if amount.0 != expected || expected == 0 {
            return Err(format!("{amount} µTHR are claimed, and {expected} µTHR were earned"));
        }
        if let Some(owed) = self.owed.get_mut(payee) {
            *owed -= U256::from(expected) << FRACTION_BITS;
        }
        self.forget_dust(*payee);
        *self.income.entry(*payee).or_default() += expected;
        self.claimed += expected;
        Ok(())
    }
}

/// The whole µTHR in it.
fn whole(fine: U256) -> u128 {
    u128::try_from(fine >> FRACTION_BITS).unwrap_or(u128::MAX)
}

fn next_bits(events: &[Event]) -> Option<u32> {
    events.iter().find_map(|event| if let Event::Work(_, _, _, _, bits) = event { Some(*bits) } else { None })
}

/// 80, 10, 5 and 5 of a hundred, what rounding leaves to the miners; of theirs a sixteenth to the finder.
fn split(rules: &Rules, work_height: u64) -> Split {
    let halvings = (work_height - 1) / rules.halving_interval;
    let reward = (0..halvings).fold(rules.reward.0, |reward, _| reward / 2);
    let (tenth, twentieth) = (reward / 10, reward / 20);
    let miners = reward - tenth - 2 * twentieth;
    let finder = miners / 16;
    Split {
        finder: Amount(finder),
        window: Amount(miners - finder),
        ai_pool: Amount(tenth),
        validators: Amount(twentieth),
        ecosystem: Amount(twentieth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Address = Address([0; 20]);
    const ADA: Address = Address([1; 20]);
    const BEA: Address = Address([2; 20]);

    /// Before the first block of a chain with the default rules.
    fn books() -> Books {
        let mut genesis = genesis::empty(types::Network::Test, types::TimeMs(0), NOBODY, types::List::default());
        execution::set_section::<Module>(&mut genesis, &Rules::with_beneficiary(NOBODY));
        Books::new(&genesis, Hash32::ZERO)
    }

    #[test]
    fn the_first_work_pays_what_the_design_says_and_a_later_era_half() {
        let rules = Rules::with_beneficiary(NOBODY);
        let first = split(&rules, 1);
        let parts = [first.finder, first.window, first.ai_pool, first.validators, first.ecosystem].map(|part| part.0);
        assert_eq!(parts, [400_000, 6_000_000, 800_000, 400_000, 400_000]);
        assert_eq!(split(&rules, 1_312_500), first);
        assert_eq!(split(&rules, 1_312_501).window.0, 3_000_000);
    }

    #[test]
    fn a_reward_goes_to_the_window_by_weight_and_nothing_is_lost() {
        let mut books = books();
        for payee in [ADA, BEA, ADA] {
            books.enter(payee, 7);
        }
        books.divide(Amount(10));
        assert_eq!((books.claimable(&ADA), books.claimable(&BEA)), (6, 3));
        assert_eq!(books.pot(), 10, "what the fractions hold is there");
        books.take_claim(&Event::Claimed(ADA, Amount(6))).expect("it is what ada earned");
        assert!(books.take_claim(&Event::Claimed(BEA, Amount(4))).is_err());
        assert!(books.take_claim(&Event::Claimed(ADA, Amount(0))).is_err(), "nothing is left to claim");
        assert_eq!((books.balance(&ADA), books.claimed, books.pot()), (6, 6, 4));
    }

    #[test]
    fn who_has_next_to_nothing_is_paid_with_the_next_share() {
        let mut books = books();
        let proof = Proof { previous: books.tip.0, bits: books.tip.1, hash: Hash32::ZERO, payee: BEA };
        let mut share = |reward: u128| {
            let owed = books.claimable(&BEA);
            let reported = books.take_share(&proof).expect("the hash meets every target");
            books.divide(Amount(reward));
            (owed, reported[1..].to_vec())
        };
        assert_eq!(share(20_000), (0, vec![]), "nothing is owed yet");
        assert_eq!(share(500), (19_999, vec![Event::Claimed(BEA, Amount(19_999))]), "a fraction stays");
        let (owed, paid) = share(0);
        assert!(owed > 0 && paid.is_empty(), "it can pay for a claim");
        assert_eq!((books.paid_unasked, books.claimed), (1, 19_999));
    }

    #[test]
    fn the_window_lets_go_of_what_is_above_its_width_and_of_dust() {
        let mut books = books();
        let width = target::hashes(target::of_shares(&books.rules, books.rules.launch_bits)) * 512;
        books.enter(ADA, 1);
        books.enter(BEA, width - 1);
        assert_eq!(books.window.len(), 2, "without the small one there would be too little");
        books.divide(Amount(1));
        books.enter(BEA, 1);
        assert_eq!(books.window.len(), 2, "the small one has left");
        assert!(!books.owed.contains_key(&ADA) && books.rest > U256::ZERO);
        assert_eq!(books.pot(), 1);
    }
}
