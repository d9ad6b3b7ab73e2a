//! The thread that owns the server: batches of inputs, one sync, then the outputs.
//!
//! Invariant: no byte leaves before the entries of its batch are durable.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle as Runtime;
use tokio::sync::{mpsc, oneshot};
use types::{Hash32, SystemCall};

use crate::attest::{AttestTerms, MiningDevice, NotBegun};
use crate::book::{BookError, Settlement};
use crate::kept::{KeptProof, KeptProofs};
use crate::ledger;
use crate::limits::PENDING_BYTES_MAX;
use crate::refusal::Refusal;
use crate::server::{CloseReason, ConnectionId, Event, Input, Output, Proof, ProofId, Server, Verdict};
use crate::template::Template;

use super::ServiceError;
use super::ports::{Admission, ProofSink, Shares};
use super::receipts::{ReceiptsFolder, Writer};

/// Most messages in one batch.
const BATCH_MAX: usize = 1_024;
/// A longer journal is replaced by a snapshot.
const JOURNAL_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Ticks that a draining server waits for its connections.
const DRAIN_TICKS_MAX: u32 = 5;

/// Whether an entry fits the book; of an income then what is kept of it, of a payment what is still owed. In base units.
type Decision = Result<u128, BookError>;

/// What somebody wants to know of the server.
type Question = Box<dyn FnOnce(&Server) + Send>;

/// What arrives at the core.
pub(super) enum Message {
    Opened {
        connection: ConnectionId,
        port: usize,
        ip: IpAddr,
        outbox: Outbox,
    },
    /// Somebody got no place.
    TurnedAway(CloseReason),
    Received {
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    Closed(ConnectionId),
    Template(Arc<Template>),
    Verdict {
        proof: ProofId,
        verdict: Verdict,
    },
    Admission {
        connection: ConnectionId,
        ticket: u64,
        answer: Result<Option<MiningDevice>, Refusal>,
    },
    Tick,
    /// A device begins to attest its work.
    Attest {
        terms: AttestTerms,
        answer: oneshot::Sender<Result<(), NotBegun>>,
    },
    Ask(Question),
    Income {
        reference: Hash32,
        amount: u128,
        fee: u128,
        answer: oneshot::Sender<Decision>,
    },
    Paid {
        payment: Settlement,
        answer: oneshot::Sender<Decision>,
    },
    /// Proofs that need not be kept any more.
    Settled(Vec<SystemCall>),
    /// Something for the log, from another thread.
    Tell(Event),
    Drain,
}

/// What a connection is told.
pub(super) enum Outgoing {
    Bytes(Vec<u8>),
    Close,
}

/// The way to a connection, with the number of bytes that wait on it.
pub(super) struct Outbox {
    pub sender: mpsc::UnboundedSender<Outgoing>,
    pub waiting: Arc<AtomicUsize>,
}

/// Who hears of what the server decides.
pub(super) struct Outside {
    pub proofs: Arc<dyn ProofSink>,
    pub events: Box<dyn Fn(&Event) + Send>,
    pub admission: Option<Arc<dyn Admission>>,
    pub receipts: Option<(ReceiptsFolder, Writer)>,
}

/// The server and everything it acts on.
pub(super) struct Core {
    server: Server,
    shares: Box<dyn Shares>,
    outside: Outside,
    messages: mpsc::WeakSender<Message>,
    clock: fn() -> u64,
    runtime: Runtime,
    outboxes: HashMap<ConnectionId, Outbox>,
    kept: KeptProofs,
    /// Of this batch: proofs first, so that a share that is on disk has its proof there.
    proofs: Vec<u8>,
    entries: Vec<u8>,
    submits: Vec<(Proof, SystemCall)>,
    journal_bytes: usize,
    answers: Vec<(oneshot::Sender<Decision>, Decision)>,
    asks: Vec<Question>,
    drain_ticks: Option<u32>,
}

impl Core {
    pub(super) fn new(
        server: Server,
        kept: KeptProofs,
        shares: Box<dyn Shares>,
        outside: Outside,
        messages: mpsc::WeakSender<Message>,
        clock: fn() -> u64,
    ) -> Self {
        Self {
            server,
            shares,
            outside,
            messages,
            clock,
            runtime: Runtime::current(),
            outboxes: HashMap::new(),
            kept,
            proofs: Vec::new(),
            entries: Vec::new(),
            submits: Vec::new(),
            journal_bytes: 0,
            answers: Vec::new(),
            asks: Vec::new(),
            drain_ticks: None,
        }
    }

    /// Runs until it is drained or the disk fails.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Message>) -> Result<(), ServiceError> {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while !self.is_drained() && inbox.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            let mut outputs = Vec::new();
            for message in batch.drain(..) {
                self.take(message, &mut outputs);
            }
            self.sync()?;
            for (proof, call) in std::mem::take(&mut self.submits) {
                self.submit(&proof, call);
            }
            self.answers.drain(..).for_each(|(answer, result)| drop(answer.send(result)));
            self.asks.drain(..).for_each(|question| question(&self.server));
            for output in outputs {
                self.perform(output);
            }
        }
        if let Some((_, writer)) = self.outside.receipts.take() {
            // Before the journal is emptied, from which they could be made again.
            writer.finish();
        }
        self.checkpoint()
    }

    fn is_drained(&self) -> bool {
        self.drain_ticks.is_some_and(|ticks| self.outboxes.is_empty() || ticks >= DRAIN_TICKS_MAX)
    }

    fn take(&mut self, message: Message, outputs: &mut Vec<Output>) {
        let input = match message {
            Message::Opened { connection, port, ip, outbox } => {
                self.outboxes.insert(connection, outbox);
                Input::Opened { connection, port, ip }
            }
            Message::TurnedAway(reason) => Input::TurnedAway(reason),
            Message::Received { connection, bytes } => {
                return self.step(Input::Received { connection, bytes: &bytes }, outputs);
            }
            Message::Closed(connection) => {
                self.outboxes.remove(&connection);
                Input::Closed { connection }
            }
            Message::Template(template) => {
                self.kept.begin_work(template.work_height);
                Input::Template(template)
            }
            Message::Verdict { proof, verdict } => Input::Verdict { proof, verdict },
            Message::Admission { connection, ticket, answer } => Input::Admission { connection, ticket, answer },
            Message::Attest { terms, answer } => {
                // Nobody waits for an answer to a question that was given up.
                let _ = answer.send(self.server.may_attest(&terms));
                Input::Attest(terms)
            }
            Message::Tick => {
                self.drain_ticks = self.drain_ticks.map(|ticks| ticks.saturating_add(1));
                Input::Tick
            }
            Message::Settled(calls) => {
                self.kept.forget(&calls);
                // A new snapshot has them no more.
                self.journal_bytes = usize::MAX;
                return;
            }
            Message::Tell(event) => return (self.outside.events)(&event),
            Message::Ask(question) => return self.asks.push(question),
            Message::Income { reference, amount, fee, answer } => {
                let decision = self.share_out(Input::Income { reference, amount, fee }, outputs);
                return self.answers.push((answer, decision));
            }
            Message::Paid { payment, answer } => {
                let decision = self.decide(Input::Paid(payment), outputs);
                let left = self.server.book().owed().get(&payment.address).copied().unwrap_or(0);
                return self.answers.push((answer, decision.map(|()| left)));
            }
            Message::Drain => {
                self.drain_ticks = Some(0);
                Input::Drain
            }
        };
        self.step(input, outputs);
    }

    fn step(&mut self, input: Input<'_>, outputs: &mut Vec<Output>) {
        for output in self.server.step((self.clock)(), input) {
            match output {
                Output::Save { sequence, entry } => self.entries.extend(ledger::encode(sequence, &entry)),
                Output::Submit(proof) => self.keep(*proof),
                other => outputs.push(other),
            }
        }
    }

    /// A proof for the ledger first, and then for the chain.
    fn keep(&mut self, proof: Proof) {
        let Some(call) = self.outside.proofs.call(&proof) else {
            let refused = Message::Verdict { proof: proof.id, verdict: Verdict::Refused };
            return self.later(self.messages.clone(), async move { refused });
        };
        let kept = KeptProof { work_height: proof.work_height, call: call.clone() };
        self.proofs.extend(ledger::encode_proof(&kept));
        self.kept.add(kept);
        self.submits.push((proof, call));
    }

    /// An income, if there is somebody to share it with.
    fn share_out(&mut self, income: Input<'_>, outputs: &mut Vec<Output>) -> Decision {
        if self.server.book().window().weight() == 0 {
            return Err(BookError::EmptyWindow);
        }
        let before = self.server.book().kept();
        self.decide(income, outputs)?;
        Ok(self.server.book().kept().saturating_sub(before))
    }

    /// An entry whose fate somebody waits for; the answer leaves after the sync. Of a refusal its asker hears, and nobody else.
    fn decide(&mut self, input: Input<'_>, outputs: &mut Vec<Output>) -> Result<(), BookError> {
        let first = outputs.len();
        self.step(input, outputs);
        let is_refusal = |output: &mut Output| matches!(output, Output::Event(Event::Refused(_)));
        match outputs.extract_if(first.., is_refusal).next() {
            Some(Output::Event(Event::Refused(error))) => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes down what the batch brought, with one sync.
    fn sync(&mut self) -> Result<(), ServiceError> {
        let mut bytes = std::mem::take(&mut self.proofs);
        bytes.append(&mut self.entries);
        if !bytes.is_empty() {
            self.shares.append(&bytes)?;
            self.journal_bytes = self.journal_bytes.saturating_add(bytes.len());
        }
        if self.journal_bytes > JOURNAL_BYTES_MAX { self.checkpoint() } else { Ok(()) }
    }

    fn checkpoint(&mut self) -> Result<(), ServiceError> {
        self.shares.checkpoint(&ledger::snapshot(self.server.book(), &self.kept))?;
        self.journal_bytes = 0;
        Ok(())
    }

    fn submit(&self, proof: &Proof, call: SystemCall) {
        let (id, verdict) = (proof.id, self.outside.proofs.submit(proof, call));
        self.later(self.messages.clone(), async move { Message::Verdict { proof: id, verdict: verdict.await } });
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Send { connection, bytes } => self.send(connection, bytes),
            Output::Close { connection, .. } => {
                if let Some(outbox) = self.outboxes.get(&connection) {
                    // A connection that is gone is reported by itself.
                    let _ = outbox.sender.send(Outgoing::Close);
                }
            }
            Output::Admission { connection, ticket, worker, ip, device } => {
                let asked = self.outside.admission.as_ref().map(|admission| admission.ask(worker, ip, device));
                self.later(self.messages.clone(), async move {
                    let answer = match asked {
                        Some(answer) => answer.await,
                        None => Err(Refusal::NotAllowed),
                    };
                    Message::Admission { connection, ticket, answer }
                });
            }
            Output::Event(event) => self.tell(&event),
            // Taken out by `step`, and written by `sync` before any output is performed.
            Output::Save { .. } | Output::Submit(_) => {}
        }
    }

    fn tell(&self, event: &Event) {
        (self.outside.events)(event);
        if let (Event::Receipts(closed), Some((folder, _))) = (event, &self.outside.receipts)
            && !folder.hand(closed)
        {
            let error = "the disk is too slow: those of works before wait to be written".to_owned();
            (self.outside.events)(&Event::ReceiptsLost { work_height: closed.work_height, error });
        }
    }

    /// Sends, or drops a connection that does not read what it is sent.
    fn send(&mut self, connection: ConnectionId, bytes: Vec<u8>) {
        let Some(outbox) = self.outboxes.get(&connection) else { return };
        let waiting = outbox.waiting.fetch_add(bytes.len(), Ordering::Relaxed).saturating_add(bytes.len());
        let is_gone = waiting > PENDING_BYTES_MAX || outbox.sender.send(Outgoing::Bytes(bytes)).is_err();
        if is_gone {
            // Without its outbox the connection ends by itself once its current write ends or times out.
            self.outboxes.remove(&connection);
        }
    }

    fn later(&self, messages: mpsc::WeakSender<Message>, answer: impl Future<Output = Message> + Send + 'static) {
        self.runtime.spawn(async move {
            let message = answer.await;
            if let Some(messages) = messages.upgrade() {
                // Nobody waits for an answer to a service that stopped.
                let _ = messages.send(message).await;
            }
        });
    }
}
