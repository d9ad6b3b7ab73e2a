//! How a miner gets to work: configure, subscribe, authorize, suggestions.

use pow::Difficulty;

use crate::answer::Lines;
use crate::attest::MiningDevice;
use crate::book::{Entry, Tally};
use crate::call::Extension;
use crate::config::Payment;
use crate::limits::WORKERS_PER_CONNECTION_MAX;
use crate::metrics::count;
use crate::refusal::Refusal;
use crate::request::Id;
use crate::source::source_of;
use crate::worker::{Agent, Login};

use super::input::ConnectionId;
use super::output::{Event, Output};
use super::pool::Pool;
use super::session::{Member, Session, Waiting};

/// Said to a miner whose password has a `d=` without a difficulty behind it.
const BAD_DIFFICULTY: &str = "d= in the password is no difficulty and was passed over: write a number, such as d=1024";

impl Pool {
    /// `mining.configure`.
    pub(super) fn configure(&mut self, session: &mut Session, id: Id<'_>, list: &[Extension], lines: &mut Lines) {
        let mut is_changed = false;
        for extension in list {
            match extension {
                Extension::VersionRolling(mask) => {
                    session.mask_wanted = *mask;
                    session.mask = mask & self.version_mask;
                }
                Extension::MinimumDifficulty(Some(floor)) => {
                    let bounds = self.bounds(session);
                    is_changed |= session.vardiff.floor(*floor, &bounds, self.now_ms);
                }
                _ => {}
            }
        }
        lines.configured(id, list, session.mask);
        if is_changed {
            self.issue(session, lines, true);
        }
    }

    /// `mining.subscribe`. A second one gives the same extranonce1 again.
    pub(super) fn subscribe(
        &mut self,
        session: &mut Session,
        id: Id<'_>,
        (agent, wanted): (&str, Option<&str>),
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) {
        let extranonce1 = match session.extranonce1 {
            Some(extranonce1) => extranonce1,
            None => self.extranonce1_for(session, wanted, outputs),
        };
        session.extranonce1 = Some(extranonce1);
        session.agent = Agent::from_untrusted(agent);
        lines.subscribed(id, &self.extranonces.session_id(extranonce1), extranonce1);
        self.issue(session, lines, true);
    }

    fn extranonce1_for(
        &mut self,
        session: &mut Session,
        wanted: Option<&str>,
        outputs: &mut Vec<Output>,
    ) -> crate::extranonces::Extranonce1 {
        if let Some((extranonce1, parked)) = wanted.and_then(|text| self.extranonces.resume(text, self.now_ms)) {
            let bounds = self.bounds(session);
            session.vardiff.resume(parked.habits, &bounds, self.now_ms);
            (session.jobs, session.first_job, session.space) = (parked.jobs, parked.first_job, parked.space);
            count(&mut self.metrics.resumed);
            return extranonce1;
        }
        let (extranonce1, reserve) = self.extranonces.take();
        if let Some(below) = reserve {
            self.save_or_tell(Entry::Extranonces { below }, outputs);
        }
        extranonce1
    }

    /// `mining.authorize`: who it is, whether it may mine here, and then either an answer or a question to outside.
    pub(super) fn authorize(
        &mut self,
        (connection, session): (ConnectionId, &mut Session),
        id: Id<'_>,
        (user, password): (String, &str),
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let login = Login::parse(&user, password, self.config.network)?;
        self.may_log_in(session, &user, &login)?;
        if login.device.is_none() && self.config.require_level > 0 {
            return Err(Refusal::DeviceNeeded);
        }
        if self.config.asks_admission || login.device.is_some() {
            let ticket = self.ticket();
            let (worker, device) = (login.worker.clone(), login.device.clone());
            session.waiting.push(Waiting { ticket, id: id.text().to_owned(), user, login });
            outputs.push(Output::Admission { connection, ticket, worker, ip: session.ip, device });
            return Ok(());
        }
        self.admit(session, id, user, login, lines, outputs);
        Ok(())
    }

    fn may_log_in(&self, session: &Session, user: &str, login: &Login) -> Result<(), Refusal> {
        let address = login.worker.address;
        if self.config.allow.as_ref().is_some_and(|allowed| !allowed.contains(&address)) {
            return Err(Refusal::NotAllowed);
        }
        if self.bans.holds(source_of(session.ip), &login.worker, self.now_ms) {
            return Err(Refusal::Banned);
        }
        let others = session.members.iter().filter(|member| member.user != user).count();
        if others.saturating_add(session.waiting.len()) >= WORKERS_PER_CONNECTION_MAX {
            return Err(Refusal::TooManyWorkers);
        }
        let is_solo = self.port(session).payment == Payment::Solo;
        let members = session.members.iter().map(|member| member.worker.address);
        let mut payees = members.chain(session.waiting.iter().map(|waiting| waiting.login.worker.address));
        if is_solo && payees.any(|payee| payee != address) { Err(Refusal::OtherPayee) } else { Ok(()) }
    }

    /// The worker may mine: true, then the difficulty, then a job.
    pub(super) fn admit(
        &mut self,
        session: &mut Session,
        id: Id<'_>,
        user: String,
        login: Login,
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) {
        let bounds = self.bounds(session);
        if session.members.is_empty() {
            let earlier = self.remembered(&login.worker);
            if let Some(earlier) = earlier {
                session.vardiff.resume(earlier, &bounds, self.now_ms);
            }
        }
        if let Some(floor) = login.difficulty {
            session.vardiff.floor(floor, &bounds, self.now_ms);
        }
        outputs.push(Output::Event(Event::Authorized { worker: login.worker.clone(), ip: session.ip }));
        if session.member(&user).is_none() {
            session.members.push(Member { user, worker: login.worker, tally: Tally::default() });
        }
        count(&mut self.metrics.logins);
        session.vardiff.rebound(&bounds, self.now_ms);
        lines.yes(id);
        if login.has_bad_difficulty {
            lines.show_message(BAD_DIFFICULTY);
        }
        self.issue(session, lines, true);
    }

    /// The answer from outside to a login that waited.
    pub(super) fn admission(
        &mut self,
        session: &mut Session,
        (ticket, answer): (u64, Result<Option<MiningDevice>, Refusal>),
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) {
        let Some(place) = session.waiting.iter().position(|waiting| waiting.ticket == ticket) else { return };
        let waiting = session.waiting.remove(place);
        let id = Id::kept(&waiting.id);
        let bound = answer.and_then(|device| self.bind_device(session, &waiting.login, device));
        match bound {
            Ok(()) => self.admit(session, id, waiting.user, waiting.login, lines, outputs),
            Err(refusal) => {
                count(self.metrics.refused.entry(refusal).or_default());
                lines.refuse(id, refusal);
            }
        }
    }

    /// `mining.suggest_difficulty` and `mining.suggest_target`: always true, and within the bounds.
    pub(super) fn suggest(&mut self, session: &mut Session, id: Id<'_>, wanted: Difficulty, lines: &mut Lines) {
        lines.yes(id);
        let bounds = self.bounds(session);
        if session.vardiff.suggest(wanted, &bounds, self.now_ms) {
            self.issue(session, lines, true);
        }
    }
}
