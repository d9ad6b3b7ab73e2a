//! Sessions that mine as a device, and attest its work: a fixed difficulty, coinbases that bind, and word of how far it is.
//!
//! It must not know what a device is: who may mine as one, and how it stands, is asked outside. Invariant: while an attestation is open,
//! each new job of its device binds it, and none before or after does.

use pow::Difficulty;

use crate::answer::Lines;
use crate::attest::{AttestProgress, AttestState, AttestTerms, Attestation, MiningDevice, NotBegun};
use crate::limits::{ATTESTATION_TOLD_MS, DEVICE_ASKED_MS};
use crate::metrics::count;
use crate::refusal::Refusal;
use crate::request::Id;
use crate::worker::Login;

use super::input::ConnectionId;
use super::output::{CloseReason, Output};
use super::pool::Pool;
use super::session::{Session, SessionDevice};
use super::{Server, send};

impl Server {
    /// Whether an attestation with these terms may begin.
    ///
    /// # Errors
    /// [`NotBegun`].
    pub fn may_attest(&self, terms: &AttestTerms) -> Result<(), NotBegun> {
        self.pool.attestations.may_begin(terms, self.pool.now_ms)
    }

    /// How far the attestation of a device is; nothing if none was begun, or it was long ago.
    #[must_use]
    pub fn attestation(&self, device: &types::Hash32) -> Option<AttestProgress> {
        let devices = self.sessions.values().filter_map(|session| session.device.as_ref());
        let connections = devices.filter(|bound| bound.id == *device).count();
        self.pool.attestations.progress(device, connections, self.pool.now_ms)
    }

    /// Begins one, if it may begin, and has all of the device's sessions search for it.
    pub(super) fn attest(&mut self, terms: AttestTerms, outputs: &mut Vec<Output>) {
        self.pool.attestations.begin(terms, self.pool.now_ms);
        for (connection, session) in &mut self.sessions {
            if session.device.as_ref().is_some_and(|device| device.id == terms.device) {
                let mut lines = Lines::default();
                self.pool.follow_attestation(session, &mut lines);
                send(*connection, lines, outputs);
            }
        }
    }
}

impl Pool {
    /// The attestation of a session's device.
    fn attestation(&self, session: &Session) -> Option<&Attestation> {
        self.attestations.get(&session.device.as_ref()?.id)
    }

    /// What a session's next job has to bind.
    pub(super) fn attests(&self, session: &Session) -> Option<AttestTerms> {
        let attestation = self.attestation(session)?;
        (attestation.state(self.now_ms) == AttestState::Open).then_some(attestation.terms)
    }

    /// The difficulty of a session's next job.
    pub(super) fn difficulty(&self, session: &Session) -> Difficulty {
        self.attests(session).map_or_else(|| session.vardiff.current(), |terms| terms.difficulty)
    }

    /// A number for a question.
    pub(super) fn ticket(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket = ticket.saturating_add(1);
        ticket
    }

    /// Takes note of the device as which a login mines.
    ///
    /// # Errors
    /// [`Refusal::OtherDevice`], and [`Refusal::LevelTooLow`] unless the device is about to raise its level.
    pub(super) fn bind_device(
        &mut self,
        session: &mut Session,
        login: &Login,
        device: Option<MiningDevice>,
    ) -> Result<(), Refusal> {
        let (Some(device), Some(text)) = (device, &login.device) else {
            return if login.device.is_none() { Ok(()) } else { Err(Refusal::UnknownDevice) };
        };
        if session.device.as_ref().is_some_and(|bound| bound.id != device.id) {
            return Err(Refusal::OtherDevice);
        }
        self.is_high_enough(device)?;
        session.device = Some(Box::new(SessionDevice {
            id: device.id,
            text: text.clone(),
            worker: login.worker.clone(),
            asked_ms: self.now_ms,
            ticket: None,
            told_ms: self.now_ms,
        }));
        Ok(())
    }

    /// A device that attests its work may mine for that, or level 2 could be had nowhere.
    fn is_high_enough(&mut self, device: MiningDevice) -> Result<(), Refusal> {
        let is_high = device.level >= self.config.require_level;
        let now_ms = self.now_ms;
        if is_high || self.attestations.may_rise(&device.id, now_ms) { Ok(()) } else { Err(Refusal::LevelTooLow) }
    }

    /// Asks how a session's device stands, when it is time.
    pub(super) fn ask_again(&mut self, (connection, session): (ConnectionId, &mut Session), outputs: &mut Vec<Output>) {
        let now_ms = self.now_ms;
        let is_due = |device: &SessionDevice| now_ms.saturating_sub(device.asked_ms) >= DEVICE_ASKED_MS;
        if !session.device.as_deref().is_some_and(is_due) {
            return;
        }
        let (ticket, ip) = (self.ticket(), session.ip);
        let Some(device) = session.device.as_deref_mut() else { return };
        // An answer to an earlier question is of no use any more.
        (device.asked_ms, device.ticket) = (now_ms, Some(ticket));
        let (worker, device) = (device.worker.clone(), Some(device.text.clone()));
        outputs.push(Output::Admission { connection, ticket, worker, ip, device });
    }

    /// The answer to such a question. Says that the connection has to be closed, if the device may mine no more.
    pub(super) fn asked_again(
        &mut self,
        session: &mut Session,
        (ticket, answer): (u64, Result<Option<MiningDevice>, Refusal>),
        lines: &mut Lines,
    ) -> Option<CloseReason> {
        let device = session.device.as_deref_mut().filter(|device| device.ticket == Some(ticket))?;
        device.ticket = None;
        let refusal = match answer {
            Ok(Some(found)) if found.id == device.id => self.is_high_enough(found).err()?,
            Ok(_) => Refusal::UnknownDevice,
            // Nobody knows: it is asked again later.
            Err(Refusal::Busy) => return None,
            Err(refusal) => refusal,
        };
        count(self.metrics.refused.entry(refusal).or_default());
        lines.refuse(Id::NULL, refusal);
        lines.show_message(refusal.sentence());
        Some(CloseReason::Device)
    }

    /// Gives a session other work when an attestation of its device has begun or ended, and tells it now and then how far it is.
    pub(super) fn follow_attestation(&mut self, session: &mut Session, lines: &mut Lines) {
        let wanted = self.attests(session).map(|terms| terms.binding);
        let has_changed = wanted != session.binding;
        if has_changed {
            if wanted.is_none() {
                // What it was asked for meanwhile tells nothing of the difficulty that fits it.
                let bounds = self.bounds(session);
                session.vardiff.rebound(&bounds, self.now_ms);
            }
            self.issue(session, lines, true);
            if session.binding != wanted {
                // There is no work now.
                return;
            }
        }
        let now_ms = self.now_ms;
        let text = self.attestation(session).map(|attestation| told(attestation, now_ms));
        let Some(device) = session.device.as_deref_mut() else { return };
        let is_due = wanted.is_some() && now_ms.saturating_sub(device.told_ms) >= ATTESTATION_TOLD_MS;
        if let Some(text) = text.filter(|_| has_changed || is_due) {
            device.told_ms = now_ms;
            lines.show_message(&text);
        }
    }
}

/// How far an attestation is, for the miner's log.
fn told(attestation: &Attestation, now_ms: u64) -> String {
    let AttestTerms { class, shares: wanted, until_ms, .. } = attestation.terms;
    let shares = attestation.shares();
    match attestation.state(now_ms) {
        AttestState::Open => {
            let left_s = until_ms.saturating_sub(now_ms).div_ceil(1_000);
            format!("Work attestation of class {class}: {shares} of {wanted} shares, {left_s} s left")
        }
        AttestState::Complete => {
            format!("Work attestation of class {class}: all {wanted} shares are there and can be handed in")
        }
        AttestState::Lapsed => {
            format!(
                "Work attestation of class {class}: only {shares} of {wanted} shares came in time, begin another one"
            )
        }
    }
}
