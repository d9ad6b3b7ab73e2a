//! The threads that do the replica's heavy work: signatures, validity, execution.
//!
//! What agreement waits for goes first: votes and certificates, then making and checking blocks, then executing them, then what
//! may be late (transactions of peers, and votes by others' hands). The first thread never takes what may be late, and ranges of old blocks have a thread of
//! their own, so that neither can keep a vote waiting, and the signatures of one range are checked by the others while the range
//! before it is replayed. A job on so few transactions that two changes of threads would cost more than the job is
//! done at once, by whoever asks. It must not know what an answer is good for.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use execution::Registry;
use replica::{BlsScheme, Event, Job, JobAnswer, JobContext, JobId, Signer, Verified};
use store::{Store, StoreError, StoreView};
use types::ChainId;

use super::fault::Faults;
use super::inbox::InboxSender;
use crate::stages::{Stage, Stages};

/// What jobs run with.
pub struct JobEnvironment {
    /// The chain.
    pub chain_id: ChainId,
    /// The rules.
    pub registry: Registry,
    /// Checks votes and certificates.
    pub scheme: Arc<BlsScheme>,
    /// Which transactions were checked already.
    pub verified: Arc<Verified>,
    /// Signs for this node.
    pub signer: Arc<dyn Signer>,
    /// Where the time goes.
    pub(crate) stages: Arc<Stages>,
}

/// Lower is sooner.
const URGENCIES: usize = 5;
/// Jobs from here on may be late.
const LATE: usize = 3;
/// Jobs from here on last long.
const LONG: usize = 4;
/// Transactions up to which a block's job is done at once: some 10 µs each, their signatures being checked mostly.
const AT_ONCE_TRANSACTIONS_MAX: usize = 8;

/// Transactions from which on no more of them are checked in one go.
const CHECKED_TOGETHER: usize = 128;

/// A job with the state it was asked on: the store may go past the layers of the job before its turn comes.
struct Waiting {
    id: JobId,
    job: Job,
    view: StoreView,
}

#[derive(Default)]
struct Queue {
    waiting: [VecDeque<Waiting>; URGENCIES],
    /// The threads that have nothing to do.
    idle: Vec<Arc<Worker>>,
    stopping: bool,
}

/// A thread that takes jobs.
struct Worker {
    /// Those it may take.
    urgencies: Range<usize>,
    /// That there is one for it, or that all is over.
    called: Condvar,
}

/// The queue of work and the threads that take from it.
pub struct JobPool {
    store: Store,
    environment: Arc<JobEnvironment>,
    queue: Arc<Mutex<Queue>>,
    workers: Vec<Arc<Worker>>,
    threads: Vec<JoinHandle<()>>,
}

impl JobPool {
    /// Starts `count` threads, at least two.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(
        count: usize,
        store: Store,
        environment: Arc<JobEnvironment>,
        inbox: InboxSender,
        faults: &Faults,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Mutex::new(Queue::default()));
        let (mut workers, mut threads) = (Vec::new(), Vec::new());
        let shares = (0..count.max(2)).map(|number| {
            let urgencies = if number == 0 { 0..LATE } else { 0..LONG };
            (format!("worker-{number}"), urgencies)
        });
        for (name, urgencies) in shares.chain([("replay".to_owned(), LONG..URGENCIES)]) {
            let worker = Arc::new(Worker { urgencies, called: Condvar::new() });
            workers.push(worker.clone());
            let (queue, environment, inbox) = (queue.clone(), environment.clone(), inbox.clone());
            let work = move || work(&queue, &worker, &environment, &inbox);
            threads.push(faults.spawn(&name, work)?);
        }
        Ok(Self { store, environment, queue, workers, threads })
    }

    /// Queues a job, whose answer comes as `Event::JobDone` through the inbox, or does it and returns that event. How many wait
    /// is bounded by the replica.
    ///
    /// # Errors
    /// When the store has no state to run on.
    pub fn push(&self, id: JobId, job: Job) -> Result<Option<Event>, StoreError> {
        let view = self.store.view()?;
        if is_small(&job) {
            return Ok(Some(Event::JobDone { id, answer: self.environment.run(job, &view) }));
        }
        let urgency = urgency(&job);
        let mut queue = lock(&self.queue);
        if let Some(waiting) = queue.waiting.get_mut(urgency) {
            waiting.push_back(Waiting { id, job, view });
        }
        // One thread is woken, and one that may take the job. A busy one looks for it before it rests.
        // Of two, the one that may do less: the other is kept for what only it may do.
        let suitable = queue.idle.iter().enumerate().filter(|(_, worker)| worker.urgencies.contains(&urgency));
        let chosen = suitable.min_by_key(|(_, worker)| worker.urgencies.end).map(|(place, _)| place);
        if let Some(worker) = chosen.map(|place| queue.idle.swap_remove(place)) {
            drop(queue);
            worker.called.notify_one();
        }
        Ok(None)
    }

    /// Lets the jobs under way end, forgets the others, and waits for the threads.
    pub fn stop(self) {
        lock(&self.queue).stopping = true;
        for worker in self.workers {
            worker.called.notify_one();
        }
        for thread in self.threads {
            // A panic has been reported as a fault.
            let _ = thread.join();
        }
    }
}

const fn urgency(job: &Job) -> usize {
    match job {
        Job::Verify(_) => 0,
        Job::Build { .. } | Job::Validate { .. } | Job::CheckBody { .. } => 1,
        Job::Execute { .. } => 2,
        Job::Hearsay(_) | Job::Check { .. } => LATE,
        Job::Replay { .. } | Job::Mend { .. } => LONG,
    }
}

const fn stage(job: &Job) -> Stage {
    match job {
        Job::Verify(_) => Stage::Verify,
        Job::Hearsay(_) | Job::Check { .. } => Stage::Gossip,
        Job::CheckBody { .. } => Stage::CheckBody,
        Job::Build { .. } => Stage::Build,
        Job::Validate { .. } => Stage::Validate,
        Job::Execute { .. } => Stage::Execute,
        Job::Replay { .. } | Job::Mend { .. } => Stage::Replay,
    }
}

/// Whether a job is over before another thread would have begun it.
fn is_small(job: &Job) -> bool {
    let transactions = match job {
        Job::Build { proposing, .. } => proposing.candidates.len(),
        Job::CheckBody { body, .. } => body.transactions.len(),
        Job::Validate { body, .. } => body.facts().len(),
        // Votes are on their way while a block is executed: they must not wait for that.
        Job::Verify(_) | Job::Hearsay(_) | Job::Check { .. } | Job::Execute { .. } => return false,
        Job::Replay { .. } | Job::Mend { .. } => return false,
    };
    transactions <= AT_ONCE_TRANSACTIONS_MAX
}

impl JobEnvironment {
    fn run(&self, job: Job, view: &StoreView) -> JobAnswer {
        let context = JobContext {
            chain_id: self.chain_id,
            registry: &self.registry,
            scheme: self.scheme.as_ref(),
            verified: &self.verified,
            signer: self.signer.as_ref(),
            state: view,
        };
        self.stages.time(stage(&job), || job.run(&context))
    }
}

fn work(queue: &Mutex<Queue>, worker: &Arc<Worker>, environment: &JobEnvironment, inbox: &InboxSender) {
    while let Some(Work { ids, job, view }) = next(queue, worker) {
        let answers = match environment.run(job, &view) {
            // Each asker gets the verdicts on what it gave.
            JobAnswer::Check(verdicts) => {
                let mut verdicts = verdicts.into_iter();
                ids.iter().map(|(_, count)| JobAnswer::Check(verdicts.by_ref().take(*count).collect())).collect()
            }
            answer => vec![answer],
        };
        for ((id, _), answer) in ids.into_iter().zip(answers) {
            inbox.answer(Event::JobDone { id, answer });
        }
    }
}

/// What a thread does next: one job, or several checks of transactions as one, because many signatures at a time are checked
/// sooner than one after the other.
struct Work {
    /// Who asked, and about how many transactions.
    ids: Vec<(JobId, usize)>,
    job: Job,
    view: StoreView,
}

fn next(queue: &Mutex<Queue>, worker: &Arc<Worker>) -> Option<Work> {
    let mut queue = lock(queue);
    loop {
        if queue.stopping {
            return None;
        }
        let waiting = queue.waiting.get_mut(worker.urgencies.clone());
        if let Some(first) = waiting.and_then(|own| own.iter_mut().find_map(VecDeque::pop_front)) {
            return Some(queue.joined(first));
        }
        queue.idle.push(worker.clone());
        queue = worker.called.wait(queue).unwrap_or_else(PoisonError::into_inner);
        // It may have woken by itself.
        queue.idle.retain(|other| !Arc::ptr_eq(other, worker));
    }
}

impl Queue {
    /// The job, and if it checks transactions, others of its kind with it.
    fn joined(&mut self, first: Waiting) -> Work {
        let Waiting { id, job, view } = first;
        let Job::Check { mut transactions } = job else { return Work { ids: vec![(id, 0)], job, view } };
        let mut ids = vec![(id, transactions.len())];
        if let Some(late) = self.waiting.get_mut(LATE) {
            while transactions.len() < CHECKED_TOGETHER
                && let Some(next) = late.pop_front_if(|next| matches!(next.job, Job::Check { .. }))
                && let Waiting { id, job: Job::Check { transactions: more }, .. } = next
            {
                ids.push((id, more.len()));
                transactions.extend(more);
            }
        }
        Work { ids, job: Job::Check { transactions }, view }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // A panic elsewhere cannot leave the queue half-changed: each holder does one push or pop.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use consensus::verify::VerifyJob;
    use types::{Address, BlsPublicKey, PeerKey, Power, Validator, ValidatorSet};

    use super::*;

    // FAULTS HB4
    #[test]
    fn what_anybody_may_have_written_is_checked_after_what_agreement_waits_for() {
        let (key, peer) = (BlsPublicKey([1; 96]), PeerKey([1; 32]));
        let member = Validator { key, power: Power(1), account: Address([1; 20]), peer };
        let set = Arc::new(ValidatorSet::new(vec![member]).expect("one member"));
        let votes = VerifyJob::Votes { set: set.clone(), votes: Vec::new() };
        let certificates = VerifyJob::Certificates { set, certificates: Vec::new() };
        for job in [votes, certificates] {
            assert_eq!(urgency(&Job::Verify(job.clone())), 0);
            let hearsay = Job::Hearsay(job);
            assert_eq!(urgency(&hearsay), urgency(&Job::Check { transactions: Vec::new() }), "in turn with those");
            // The first thread takes only what is sooner, and all threads what is sooner first.
            assert!(urgency(&hearsay) >= LATE && !is_small(&hearsay));
        }
    }
}
