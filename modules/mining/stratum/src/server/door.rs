//! Who gets a place, and who loses it.
//!
//! Invariants: never more connections than places, nor more of one source than it may have; whoever has a worker loses its place to
//! nobody, and whoever has none loses it to the next that comes when all are taken.

use std::net::IpAddr;

use crate::extranonces::Parked;
use crate::job::Job;
use crate::limits::JOBS_PARKED_MAX;
use crate::metrics::count;
use crate::source::source_of;

use super::Server;
use super::input::ConnectionId;
use super::output::{CloseReason, Output};
use super::session::Session;

impl Server {
    pub(super) fn open(&mut self, connection: ConnectionId, port: usize, ip: IpAddr, outputs: &mut Vec<Output>) {
        let source = source_of(ip);
        let of_source = self.per_source.get(&source).copied().unwrap_or(0);
        let refused = if port >= self.pool.config.ports.len() {
            Some(CloseReason::NoSuchPort)
        } else if of_source >= self.pool.config.connections_per_ip_max {
            Some(CloseReason::FullForIp)
        } else if self.sessions.len() >= self.pool.config.connections_max && !self.make_room(outputs) {
            Some(CloseReason::Full)
        } else {
            None
        };
        if let Some(reason) = refused {
            return self.pool.closing(connection, reason, outputs);
        }
        let start = self.pool.config.ports.get(port).map_or(pow::Difficulty::ONE, |port| port.difficulty_start);
        let mut session = Session::new(port, ip, start, self.pool.now_ms);
        let bounds = self.pool.bounds(&session);
        session.vardiff.rebound(&bounds, self.pool.now_ms);
        if self.sessions.insert(connection, Box::new(session)).is_none() {
            let of_source = self.per_source.entry(source).or_default();
            *of_source = of_source.saturating_add(1);
            self.strangers.insert(connection);
        }
        count(&mut self.pool.metrics.connections_opened);
    }

    /// Lets the oldest of those go that have no worker; not, if there is none.
    fn make_room(&mut self, outputs: &mut Vec<Output>) -> bool {
        let Some(oldest) = self.strangers.pop_first() else { return false };
        let is_told = self.sessions.get(&oldest).is_none_or(|session| session.is_closing);
        self.close(oldest);
        if !is_told {
            self.pool.closing(oldest, CloseReason::GaveWay, outputs);
        }
        true
    }

    pub(super) fn close(&mut self, connection: ConnectionId) {
        self.strangers.remove(&connection);
        let Some(session) = self.sessions.remove(&connection) else { return };
        let source = source_of(session.ip);
        let left = self.per_source.get(&source).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            self.per_source.remove(&source);
        } else {
            self.per_source.insert(source, left);
        }
        let (habits, now_ms) = (session.vardiff.habits(), self.pool.now_ms);
        if let Some(extranonce1) = session.extranonce1 {
            let counts = |job: &Job| self.pool.counts(job);
            let jobs = session.jobs.newest_of(JOBS_PARKED_MAX, counts);
            let parked = Parked { habits, jobs, first_job: session.first_job, space: session.space };
            self.pool.extranonces.park(extranonce1, parked, now_ms);
        }
        if let Some(member) = session.members.into_iter().next() {
            self.pool.remember(member.worker, habits);
        }
    }
}
