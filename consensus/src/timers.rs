//! When a view has taken too long, and when to send again.
//!
//! Only spans of monotonic time; no wall clock. Δ doubles with each view in a row that ends nullified and starts
//! again at its first value when a block is final.

use types::TimeMs;

use crate::config::Config;
use crate::input::WorkState;
use crate::limits;

/// The timers of the current view.
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    config: Config,
    /// Views in a row that ended nullified.
    nullified: u32,
    /// The leader must have proposed by then.
    leader: Option<TimeMs>,
    /// The view must have ended by then.
    advance: Option<TimeMs>,
    /// Whether both include the idle allowance.
    extended: bool,
    resend: TimeMs,
    /// Resends so far in this view.
    resends: u32,
    /// The check that was put off must begin by then.
    check: Option<TimeMs>,
}

impl Timers {
    /// Timers that begin at `now`.
    pub(crate) const fn new(config: Config, now: TimeMs) -> Self {
        Self {
            config,
            nullified: 0,
            leader: None,
            advance: None,
            extended: false,
            resend: now,
            resends: 0,
            check: None,
        }
    }

    /// Δ at the present back-off.
    pub(crate) fn delta_ms(&self) -> u64 {
        let factor = 1_u64.checked_shl(self.nullified).unwrap_or(u64::MAX);
        self.config.delta_ms.saturating_mul(factor).min(self.config.delta_max_ms.max(self.config.delta_ms)).max(1)
    }

    /// [1] A view begins.
    pub(crate) fn enter(&mut self, now: TimeMs, work: WorkState) {
        self.extended = work == WorkState::Idle;
        let from = if self.extended { now.saturating_add(self.config.idle_ms) } else { now };
        self.leader = Some(self.leader_due(from));
        self.advance = Some(self.advance_due(from));
        self.resends = 0;
        self.resend = self.resend_due(now);
    }

    /// [1] There is something to do: what the allowance gave ends, and is never added to.
    pub(crate) fn work_arrived(&mut self, now: TimeMs) {
        if self.extended {
            self.extended = false;
            self.leader = self.leader.map(|due| due.min(self.leader_due(now)));
            self.advance = self.advance.map(|due| due.min(self.advance_due(now)));
            self.resend = self.resend.min(self.resend_due(now));
        }
    }

    /// [2] The leader proposed: it is not waited for any more, and the view runs from now.
    pub(crate) fn proposal_arrived(&mut self, now: TimeMs) {
        self.work_arrived(now);
        self.leader = None;
    }

    /// [3] Nullify was voted: nothing more is due but to send it again.
    pub(crate) const fn stop(&mut self) {
        self.leader = None;
        self.advance = None;
    }

    /// [5] A view ended nullified.
    pub(crate) const fn back_off(&mut self) {
        self.nullified = self.nullified.saturating_add(1);
    }

    /// [6] A block is final.
    pub(crate) const fn reset(&mut self) {
        self.nullified = 0;
    }

    /// Whether one of the two timers fired.
    pub(crate) fn expired(&self, now: TimeMs) -> bool {
        self.leader.is_some_and(|due| due <= now) || self.advance.is_some_and(|due| due <= now)
    }

    /// [7] Whether it is time to send again; if so, the next time is set. Gives how often it was so in this view.
    pub(crate) fn resend(&mut self, now: TimeMs) -> Option<u32> {
        if self.resend > now {
            return None;
        }
        self.resends = self.resends.saturating_add(1);
        self.resend = self.resend_due(now);
        Some(self.resends)
    }

    /// [6] A check may wait for another one, but not for long.
    pub(crate) fn put_off_check(&mut self, now: TimeMs) {
        self.check.get_or_insert(now.saturating_add(limits::CHECK_DELAY_MS));
    }

    /// Nothing is put off any more.
    pub(crate) const fn checked(&mut self) {
        self.check = None;
    }

    /// Whether what was put off has waited long enough.
    pub(crate) fn check_due(&self, now: TimeMs) -> bool {
        self.check.is_some_and(|due| due <= now)
    }

    /// When the next timer fires.
    pub(crate) fn next(&self) -> TimeMs {
        [self.leader, self.advance, self.check].into_iter().flatten().fold(self.resend, TimeMs::min)
    }

    fn leader_due(&self, from: TimeMs) -> TimeMs {
        from.saturating_add(self.delta_ms().saturating_mul(2))
    }

    fn advance_due(&self, from: TimeMs) -> TimeMs {
        from.saturating_add(self.delta_ms().saturating_mul(3))
    }

    /// While there is nothing to do, each wait is twice the one before: nobody waits for what is said then, but those
    /// who missed how the last view ended, and they ask.
    fn resend_due(&self, from: TimeMs) -> TimeMs {
        let pace_ms = self.config.resend_ms.max(1);
        if !self.extended {
            return from.saturating_add(pace_ms);
        }
        let factor = 1_u64.checked_shl(self.resends).unwrap_or(u64::MAX);
        from.saturating_add(pace_ms.saturating_mul(factor).min(self.config.idle_ms.max(pace_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: Config = Config { own_key: None, delta_ms: 100, delta_max_ms: 800, idle_ms: 2_000, resend_ms: 100 };

    fn entered(work: WorkState) -> Timers {
        let mut timers = Timers::new(CONFIG, TimeMs(0));
        timers.enter(TimeMs(1_000), work);
        timers
    }

    #[test]
    fn a_silent_leader_is_given_two_delta() {
        let timers = entered(WorkState::Pending);
        assert!(!timers.expired(TimeMs(1_199)));
        assert!(timers.expired(TimeMs(1_200)));
    }

    #[test]
    fn a_view_with_a_proposal_is_given_three_delta() {
        let mut timers = entered(WorkState::Pending);
        timers.proposal_arrived(TimeMs(1_150));
        assert!(!timers.expired(TimeMs(1_299)));
        assert!(timers.expired(TimeMs(1_300)));
    }

    #[test]
    fn the_idle_allowance_is_added_only_while_there_is_nothing_to_do() {
        let mut timers = entered(WorkState::Idle);
        assert!(!timers.expired(TimeMs(3_199)));
        assert!(timers.expired(TimeMs(3_200)));
        timers.work_arrived(TimeMs(1_500));
        assert!(!timers.expired(TimeMs(1_699)));
        assert!(timers.expired(TimeMs(1_700)));
    }

    #[test]
    fn work_that_comes_late_never_gives_more_than_the_allowance_gave() {
        let mut timers = entered(WorkState::Idle);
        timers.work_arrived(TimeMs(3_150));
        assert!(timers.expired(TimeMs(3_200)));
        timers.work_arrived(TimeMs(9_000));
        assert!(timers.expired(TimeMs(3_200)));
    }

    #[test]
    fn a_proposal_ends_the_idle_allowance() {
        let mut timers = entered(WorkState::Idle);
        timers.proposal_arrived(TimeMs(2_000));
        assert!(!timers.expired(TimeMs(2_299)));
        assert!(timers.expired(TimeMs(2_300)));
    }

    fn resent(timers: &mut Timers, from: u64, to: u64) -> Vec<u64> {
        (from..=to).filter(|now| timers.resend(TimeMs(*now)).is_some()).collect()
    }

    #[test]
    fn what_matters_is_sent_again_at_one_pace_and_ever_more_slowly_while_there_is_nothing_to_do() {
        let mut busy = entered(WorkState::Pending);
        assert_eq!(resent(&mut busy, 1_000, 1_500), [1_100, 1_200, 1_300, 1_400, 1_500]);
        let mut idle = entered(WorkState::Idle);
        assert_eq!(resent(&mut idle, 1_000, 8_500), [1_100, 1_300, 1_700, 2_500, 4_100, 6_100, 8_100]);
        idle.work_arrived(TimeMs(8_550));
        assert_eq!(resent(&mut idle, 8_550, 8_900), [8_650, 8_750, 8_850]);
        idle.enter(TimeMs(9_000), WorkState::Idle);
        assert_eq!(resent(&mut idle, 9_000, 9_400), [9_100, 9_300]);
    }

    #[test]
    fn delta_doubles_over_nullified_views_up_to_the_cap_and_finality_resets_it() {
        let mut timers = entered(WorkState::Pending);
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(timers.delta_ms());
            timers.back_off();
        }
        assert_eq!(seen, [100, 200, 400, 800, 800, 800]);
        for _ in 0..200 {
            timers.back_off();
        }
        assert_eq!(timers.delta_ms(), 800);
        timers.reset();
        assert_eq!(timers.delta_ms(), 100);
    }
}
