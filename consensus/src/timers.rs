//! When a view has taken too long, and when to send again.
//!
//! Only spans of monotonic time; no wall clock. Δ doubles, up to its cap, with each view that this node gave up, however
//! that view ended: a notarization that comes after the own nullify is one that this node cannot finalize, so a network
//! in which every view ends like that would never finalize anything. Δ comes down one step with each final view that
//! would have been in time one step lower, and only then: where it would not, the next view would be given up again.

use types::TimeMs;
use types::canary::{Canary, planted};

use crate::config::Config;
use crate::input::WorkState;
use crate::limits;

/// How often Δ is doubled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step(u32);

/// How the current view ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By a quorum for its block.
    Notarized,
    /// By a quorum against it.
    Nullified,
    /// By news of it, or of a later view, after which it does not matter any more.
    Overtaken,
}

/// The timers of the current view.
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    config: Config,
    /// For views to come.
    step: Step,
    /// Of the current view: what becomes final meanwhile does not shorten it.
    entered_at: Step,
    /// The leader must propose within 2Δ from then.
    leader: Option<TimeMs>,
    /// The view must end within 3Δ from then.
    advance: Option<TimeMs>,
    /// Whether both include the idle allowance.
    extended: bool,
    /// A timer fired, or would have one step lower.
    tight: bool,
    /// This node let the view go because it took too long.
    given_up: bool,
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
            step: Step(0),
            entered_at: Step(0),
            leader: None,
            advance: None,
            extended: false,
            tight: false,
            given_up: false,
            resend: now,
            resends: 0,
            check: None,
        }
    }

    /// Δ in the current view.
    pub(crate) fn delta_ms(&self) -> u64 {
        self.delta_at(self.entered_at)
    }

    fn delta_at(&self, Step(doublings): Step) -> u64 {
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.config.delta_ms.saturating_mul(factor).min(self.config.delta_max_ms.max(self.config.delta_ms)).max(1)
    }

    /// [1] A view begins.
    pub(crate) fn enter(&mut self, now: TimeMs, work: WorkState) {
        self.entered_at = self.step;
        self.tight = false;
        self.given_up = false;
        self.extended = work == WorkState::Idle;
        let from = if self.extended { now.saturating_add(self.config.idle_ms) } else { now };
        self.leader = Some(from);
        self.advance = Some(from);
        self.resends = 0;
        self.resend = self.resend_due(now);
    }

    /// [1] There is something to do: what the allowance gave ends, and is never added to.
    pub(crate) fn work_arrived(&mut self, now: TimeMs) {
        if self.extended {
            self.extended = false;
            self.leader = self.leader.map(|from| from.min(now));
            self.advance = self.advance.map(|from| from.min(now));
            self.resend = self.resend.min(self.resend_due(now));
        }
    }

    /// [2] The leader proposed: it is not waited for any more, and the view runs from now.
    pub(crate) fn proposal_arrived(&mut self, now: TimeMs) {
        self.tight |= self.fired(now, self.below());
        self.work_arrived(now);
        self.leader = None;
    }

    /// [3] Nullify was voted: nothing more is due but to send it again.
    pub(crate) const fn stop(&mut self) {
        self.leader = None;
        self.advance = None;
    }

    /// [3] The view took too long, for this node or for its leader. Whoever nullifies because the proposal is invalid or
    /// the leader known to be silent has learned nothing about the network.
    pub(crate) const fn give_up(&mut self) {
        self.given_up = true;
    }

    /// [4] [5] [6] The current view ends. Gives the step at which it would have been in time, too, if there is a lower one.
    pub(crate) fn leave(&mut self, now: TimeMs, ending: Ending) -> Option<Step> {
        let forgiven = ending == Ending::Notarized && planted(Canary::NoBackOffAfterLateNotarization);
        if self.given_up && !forgiven {
            self.step = Step(self.step.0.saturating_add(1)).min(self.highest());
        }
        let below = self.below();
        let is_roomy = !self.given_up && !self.tight && !self.fired(now, below);
        (is_roomy && below < self.entered_at && ending != Ending::Overtaken).then_some(below)
    }

    /// [6] A view became final that would have been in time at this step, too.
    pub(crate) fn come_down(&mut self, enough: Step) {
        if enough < self.step {
            self.step = Step(self.step.0.saturating_sub(1));
        }
    }

    /// The step below that of the current view.
    const fn below(&self) -> Step {
        Step(self.entered_at.0.saturating_sub(1))
    }

    /// The first step at which Δ is at its cap.
    fn highest(&self) -> Step {
        let steps = (0..u64::BITS).map(Step);
        let below_cap = steps.take_while(|step| self.delta_at(*step) < self.config.delta_max_ms);
        Step(u32::try_from(below_cap.count()).unwrap_or(u32::MAX))
    }

    /// Whether one of the two timers fired.
    pub(crate) fn expired(&self, now: TimeMs) -> bool {
        self.fired(now, self.entered_at)
    }

    /// Whether one of the two timers would have fired at a step.
    fn fired(&self, now: TimeMs, step: Step) -> bool {
        self.dues(step).any(|due| due <= now)
    }

    fn dues(&self, step: Step) -> impl Iterator<Item = TimeMs> {
        let delta_ms = self.delta_at(step);
        let leader = self.leader.map(|from| from.saturating_add(delta_ms.saturating_mul(2)));
        let advance = self.advance.map(|from| from.saturating_add(delta_ms.saturating_mul(3)));
        leader.into_iter().chain(advance)
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
        self.dues(self.entered_at).chain(self.check).fold(self.resend, TimeMs::min)
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
    use crate::input::Voice;

    const CONFIG: Config =
        Config { own_key: None, voice: Voice::Free, delta_ms: 100, delta_max_ms: 800, idle_ms: 2_000, resend_ms: 100 };

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

    /// Lets a view pass that begins at 1,000 and in which work waits; gives the step that is enough for it.
    fn view(timers: &mut Timers, gives_up: bool, takes_ms: u64, ending: Ending) -> Option<Step> {
        timers.enter(TimeMs(1_000), WorkState::Pending);
        timers.proposal_arrived(TimeMs(1_000));
        if gives_up {
            timers.stop();
            timers.give_up();
        }
        timers.leave(TimeMs(takes_ms.saturating_add(1_000)), ending)
    }

    fn delta_of_next_view(timers: &mut Timers) -> u64 {
        timers.enter(TimeMs(1_000), WorkState::Pending);
        timers.delta_ms()
    }

    // FAULTS HA1
    #[test]
    fn delta_doubles_up_to_the_cap_with_each_view_given_up_however_it_ends() {
        for ending in [Ending::Notarized, Ending::Nullified, Ending::Overtaken] {
            let mut timers = entered(WorkState::Pending);
            let mut seen = vec![timers.delta_ms()];
            for _ in 0..200 {
                assert_eq!(view(&mut timers, true, 340, ending), None);
                seen.push(delta_of_next_view(&mut timers));
            }
            assert_eq!(seen[..6], [100, 200, 400, 800, 800, 800]);
            assert_eq!(seen.last(), Some(&800));
        }
    }

    // FAULTS HA1
    #[test]
    fn delta_comes_down_a_step_with_each_final_view_that_was_fast_enough_for_it_also_after_long_trouble() {
        let mut timers = entered(WorkState::Pending);
        for _ in 0..200 {
            let _ = view(&mut timers, true, 340, Ending::Nullified);
        }
        let mut seen = Vec::new();
        for _ in 0..5 {
            if let Some(enough) = view(&mut timers, false, 20, Ending::Notarized) {
                timers.come_down(enough);
            }
            seen.push(delta_of_next_view(&mut timers));
        }
        assert_eq!(seen, [400, 200, 100, 100, 100]);
    }

    // FAULTS HA1
    #[test]
    fn delta_stays_while_views_need_it() {
        let mut timers = entered(WorkState::Pending);
        let _ = view(&mut timers, true, 340, Ending::Notarized);
        assert_eq!(view(&mut timers, false, 300, Ending::Notarized), None, "3Δ of the step below were over");
        timers.enter(TimeMs(1_000), WorkState::Pending);
        timers.proposal_arrived(TimeMs(1_200));
        assert_eq!(timers.leave(TimeMs(1_250), Ending::Notarized), None, "2Δ of the step below were over");
        assert_eq!(view(&mut timers, false, 299, Ending::Notarized), Some(Step(0)));
        assert_eq!(view(&mut timers, false, 20, Ending::Overtaken), None, "an end that was missed says nothing");
    }

    #[test]
    fn what_becomes_final_in_a_view_changes_only_the_next() {
        let mut timers = entered(WorkState::Pending);
        for _ in 0..3 {
            let _ = view(&mut timers, true, 340, Ending::Nullified);
        }
        let first = view(&mut timers, false, 20, Ending::Notarized).expect("it was fast");
        timers.enter(TimeMs(2_000), WorkState::Pending);
        timers.come_down(first);
        assert_eq!(timers.delta_ms(), 800);
        let second = timers.leave(TimeMs(2_020), Ending::Notarized).expect("it was fast");
        timers.come_down(second);
        assert_eq!(delta_of_next_view(&mut timers), 400, "both views say no more than that half is enough");
    }

    #[test]
    fn a_view_that_was_nullified_for_another_reason_than_time_leaves_delta_as_it_is() {
        let mut timers = entered(WorkState::Pending);
        timers.stop();
        assert!(!timers.expired(TimeMs(9_000)));
        assert_eq!(timers.leave(TimeMs(1_010), Ending::Nullified), None);
        assert_eq!(delta_of_next_view(&mut timers), 100);
    }
}
