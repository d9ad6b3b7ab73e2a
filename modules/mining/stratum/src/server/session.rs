//! One connection: what it said so far and what it was told.
//!
//! Invariant: a session that says nothing holds less than a kibibyte; everything else is allocated when it is needed,
//! and bounded.

use std::net::IpAddr;

use pow::Difficulty;
use types::Hash32;

use crate::book::{Share, Tally};
use crate::counters::{Recent, Spans};
use crate::extranonces::Extranonce1;
use crate::job::{Jobs, Space};
use crate::limits::LOGIN_MS;
use crate::line::LineDecoder;
use crate::refusal::Refusal;
use crate::vardiff::Vardiff;
use crate::worker::{Agent, Login, Worker};

/// A worker that may submit on this connection.
#[derive(Debug)]
pub(super) struct Member {
    /// The user as it was sent, by which submits name it.
    pub user: String,
    /// Who that is.
    pub worker: Worker,
    /// What it handed in on this connection.
    pub tally: Tally,
}

/// A login that waits for a verdict.
#[derive(Debug)]
pub(super) struct Waiting {
    pub ticket: u64,
    pub id: String,
    pub user: String,
    pub login: Login,
}

/// The device as which a connection mines.
#[derive(Debug)]
pub(super) struct SessionDevice {
    pub id: Hash32,
    /// As the login named it.
    pub text: String,
    /// Whose login.
    pub worker: Worker,
    /// When it was asked last how the device stands.
    pub asked_ms: u64,
    /// The question that waits for an answer.
    pub ticket: Option<u64>,
    /// When the miner was told last how far an attestation is.
    pub told_ms: u64,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    pub port: usize,
    pub ip: IpAddr,
    pub decoder: LineDecoder,
    pub agent: Agent,
    pub extranonce1: Option<Extranonce1>,
    /// The version bits that this miner may roll.
    pub mask: u32,
    /// What the miner said it can roll, to be cut to a new mask.
    pub mask_wanted: u32,
    pub members: Vec<Member>,
    pub waiting: Vec<Waiting>,
    pub jobs: Jobs,
    /// The number of its first job.
    pub first_job: Option<u32>,
    /// Where its newest job searches.
    pub space: Option<Space>,
    /// What the coinbase of its newest job binds, if an attestation is open.
    pub binding: Option<Hash32>,
    /// The device as which it mines.
    pub device: Option<Box<SessionDevice>>,
    pub vardiff: Vardiff,
    /// The difficulty that was announced last.
    pub announced: Option<Difficulty>,
    pub requests: Recent,
    pub invalid: Recent,
    pub late: Spans,
    pub accepted: Spans,
    pub opened_ms: u64,
    pub heard_ms: u64,
    pub notified_ms: u64,
    /// Nothing more is read or sent.
    pub is_closing: bool,
}

impl Session {
    pub(super) fn new(port: usize, ip: IpAddr, start: Difficulty, now_ms: u64) -> Self {
        Self {
            port,
            ip,
            decoder: LineDecoder::default(),
            agent: Agent::default(),
            extranonce1: None,
            mask: 0,
            mask_wanted: 0,
            members: Vec::new(),
            waiting: Vec::new(),
            jobs: Jobs::default(),
            first_job: None,
            space: None,
            binding: None,
            device: None,
            vardiff: Vardiff::new(start, now_ms),
            announced: None,
            requests: Recent::default(),
            invalid: Recent::default(),
            late: Spans::default(),
            accepted: Spans::default(),
            opened_ms: now_ms,
            heard_ms: now_ms,
            notified_ms: now_ms,
            is_closing: false,
        }
    }

    /// Whether it can be given jobs: it has an extranonce1 and a worker.
    pub(super) fn is_ready(&self) -> bool {
        self.extranonce1.is_some() && !self.members.is_empty() && !self.is_closing
    }

    /// Whether it is too late for a first word of who it is.
    pub(super) fn is_overdue(&self, now_ms: u64) -> bool {
        let is_silent = self.extranonce1.is_none() && self.members.is_empty() && self.waiting.is_empty();
        is_silent && now_ms.saturating_sub(self.opened_ms) >= LOGIN_MS
    }

    /// Why a submit for a job that is not kept is refused: it may have been one of its own.
    pub(super) fn missing(&self, job: Option<u32>) -> Refusal {
        let newest = self.jobs.newest().map(|job| job.id);
        match (job, self.first_job, newest) {
            (Some(job), Some(first), Some(newest)) if (first..=newest).contains(&job) => Refusal::Stale,
            _ => Refusal::UnknownJob,
        }
    }

    /// The worker of this user.
    pub(super) fn member(&self, user: &str) -> Option<&Worker> {
        self.members.iter().find(|member| member.user == user).map(|member| &member.worker)
    }

    /// Counts a share for its worker.
    pub(super) fn count_share(&mut self, share: &Share) {
        if let Some(member) = self.members.iter_mut().find(|member| member.worker == share.worker) {
            member.tally.add(share);
        }
    }
}
