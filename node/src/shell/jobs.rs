//! The threads that do the replica's heavy work: signatures, validity, execution.
//!
//! What agreement waits for goes first: votes and certificates, then making and checking blocks, then executing them, then what
//! may be late (transactions of peers, old blocks). The first thread never takes what may be late, so that a long range of old
//! blocks cannot keep a vote waiting. It must not know what an answer is good for.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use execution::Registry;
use replica::{BlsScheme, Event, Job, JobContext, JobId, Signer, Verified};
use store::{Store, StoreError, StoreView};
use types::ChainId;

use super::fault::Faults;
use super::inbox::InboxSender;

/// What jobs run with.
pub struct JobEnvironment {
    /// The chain.
    pub chain_id: ChainId,
    /// The rules.
    pub registry: Registry,
    /// Checks votes and certificates.
    pub scheme: BlsScheme,
    /// Which transactions were checked already.
    pub verified: Arc<Verified>,
    /// Signs for this node.
    pub signer: Arc<dyn Signer>,
}

/// Lower is sooner.
const URGENCIES: usize = 4;
/// Jobs from here on may be late.
const LATE: usize = 3;

/// A job with the state it was asked on: the store may go past the layers of the job before its turn comes.
struct Waiting {
    id: JobId,
    job: Job,
    view: StoreView,
}

#[derive(Default)]
struct Queue {
    waiting: [VecDeque<Waiting>; URGENCIES],
    stopping: bool,
}

/// The queue of work and the threads that take from it.
pub struct JobPool {
    store: Store,
    shared: Arc<(Mutex<Queue>, Condvar)>,
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
        let shared = Arc::new((Mutex::new(Queue::default()), Condvar::new()));
        let mut threads = Vec::new();
        for number in 0..count.max(2) {
            let (shared, environment, inbox) = (shared.clone(), environment.clone(), inbox.clone());
            let least_urgent = if number == 0 { LATE } else { URGENCIES };
            let work = move || work(&shared, least_urgent, &environment, &inbox);
            threads.push(faults.spawn(&format!("worker-{number}"), work)?);
        }
        Ok(Self { store, shared, threads })
    }

    /// Queues a job; its answer comes as `Event::JobDone`. How many wait is bounded by the replica.
    ///
    /// # Errors
    /// When the store has no state to run on.
    pub fn push(&self, id: JobId, job: Job) -> Result<(), StoreError> {
        let urgency = urgency(&job);
        let view = self.store.view()?;
        let mut queue = lock(&self.shared.0);
        if let Some(waiting) = queue.waiting.get_mut(urgency) {
            waiting.push_back(Waiting { id, job, view });
        }
        drop(queue);
        // A thread that may not take it could be the one that is woken, so all are.
        self.shared.1.notify_all();
        Ok(())
    }

    /// Lets the jobs under way end, forgets the others, and waits for the threads.
    pub fn stop(self) {
        lock(&self.shared.0).stopping = true;
        self.shared.1.notify_all();
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
        Job::Check { .. } | Job::Replay { .. } => 3,
    }
}

fn work(shared: &(Mutex<Queue>, Condvar), least_urgent: usize, environment: &JobEnvironment, inbox: &InboxSender) {
    while let Some(Waiting { id, job, view }) = next(shared, least_urgent) {
        let context = JobContext {
            chain_id: environment.chain_id,
            registry: &environment.registry,
            scheme: &environment.scheme,
            verified: &environment.verified,
            signer: environment.signer.as_ref(),
            state: &view,
        };
        let answer = job.run(&context);
        inbox.answer(Event::JobDone { id, answer });
    }
}

fn next((queue, changed): &(Mutex<Queue>, Condvar), least_urgent: usize) -> Option<Waiting> {
    let mut queue = lock(queue);
    loop {
        if queue.stopping {
            return None;
        }
        let job = queue.waiting.iter_mut().take(least_urgent).find_map(VecDeque::pop_front);
        if job.is_some() {
            return job;
        }
        queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // A panic elsewhere cannot leave the queue half-changed: each holder does one push or pop.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
