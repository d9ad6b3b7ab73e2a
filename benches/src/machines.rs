//! A thousand small machines that mine at one port, played by one thread: what a node with many miners has to carry.
//!
//! Each is a session of the built-in miner with a socket and an account of its own. All take their turns within a second, and try
//! as many nonces at a turn as a machine tries that finds fifteen shares a minute at the lowest difficulty. It must not judge what
//! the node does; it counts.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lanes::sha256d::{Kernel, Scanner};
use mining_client::mine::job::{Job, Share};
use mining_client::mine::session::{Event, Session};
use mining_client::mine::{Login, Pays};
use pow::Target;
use testnet::devnet::{Failure, Outcome};
use types::Address;

/// Nonces of a machine's turn: a quarter of what a share takes at the difficulty 0.000001.
const NONCES: u32 = 1_074;
/// Within this, every machine has one turn.
const ROUND: Duration = Duration::from_secs(1);
/// Parts of a round: machines of one part have their turns together.
const PARTS: usize = 50;
/// A line that does not come within this ends the measurement.
const PATIENCE: Duration = Duration::from_secs(10);

/// What they have counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// Shares that the node took.
    pub accepted: AtomicU64,
    /// Shares that it refused; some are late for their job.
    pub refused: AtomicU64,
}

/// Machines at work.
#[derive(Debug)]
pub struct Machines {
    /// What they have counted.
    pub counts: Arc<Counts>,
    /// Dropped to stop.
    stop: Option<Sender<()>>,
    failure: Arc<RwLock<Option<Failure>>>,
    thread: Option<JoinHandle<()>>,
}

impl Machines {
    /// Connects so many machines, and lets them mine until the value is dropped.
    ///
    /// # Errors
    /// When the node does not let one of them in.
    pub fn start(port: SocketAddr, count: usize) -> Outcome<Self> {
        let mut machines = (0..count).map(|index| Machine::connect(port, index)).collect::<Outcome<Vec<_>>>()?;
        let (counts, (stop, stopped)) = (Arc::<Counts>::default(), channel());
        let failure = Arc::<RwLock<Option<Failure>>>::default();
        let (told, failed) = (Arc::clone(&counts), Arc::clone(&failure));
        let mine = move || {
            if let Err(failure) = turns(&mut machines, &told, &stopped) {
                *failed.write().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            }
        };
        let thread = std::thread::Builder::new().name("machines".to_owned()).spawn(mine);
        let thread = thread.map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        Ok(Self { counts, stop: Some(stop), failure, thread: Some(thread) })
    }

    /// Whether all are still connected.
    ///
    /// # Errors
    /// What happened to the first that is not.
    pub fn check(&self) -> Outcome<()> {
        self.failure.read().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        drop(self.stop.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Lets all have their turns, until they are to stop.
fn turns(machines: &mut [Machine], counts: &Counts, stopped: &Receiver<()>) -> Outcome<()> {
    let kernel = Kernel::best();
    let size = machines.len().div_ceil(PARTS).max(1);
    loop {
        for part in machines.chunks_mut(size) {
            let begun = Instant::now();
            for machine in part {
                machine.turn(kernel, counts)?;
            }
            let pause = ROUND / u32::try_from(PARTS).unwrap_or(1);
            if stopped.recv_timeout(pause.saturating_sub(begun.elapsed())) != Err(RecvTimeoutError::Timeout) {
                return Ok(());
            }
        }
    }
}

/// One of them.
struct Machine {
    index: usize,
    stream: TcpStream,
    session: Session,
    unread: Vec<u8>,
    job: Option<Arc<Job>>,
    /// What a digest has to meet, as the scanner takes it.
    target: [u8; 32],
}

impl Machine {
    /// Connects, logs in and waits for a job.
    fn connect(port: SocketAddr, index: usize) -> Outcome<Self> {
        let failed = |error: std::io::Error| Failure::new(format!("machine {index} cannot talk to {port}: {error}"));
        let stream = TcpStream::connect(port).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_nonblocking(true).map_err(failed)?;
        let mut address = [0x6d; 20];
        address[..8].copy_from_slice(&(index as u64).to_be_bytes());
        let user = format!("{}.machine{index}", Address(address).to_legacy_text());
        let login = Login { user, password: "x".to_owned(), pays: Pays::Anybody };
        let session = Session::new(login, "127.0.0.1", 0);
        let target = Target::EASIEST.to_le_bytes();
        let mut machine = Self { index, stream, session, unread: Vec::new(), job: None, target };
        for line in machine.session.open() {
            machine.send(&line)?;
        }
        let (begun, counts) = (Instant::now(), Counts::default());
        while machine.job.is_none() {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("machine {index} was given no job")));
            }
            machine.hear(&counts)?;
            std::thread::yield_now();
        }
        Ok(machine)
    }

    /// Reads what came, searches a little, and hands in what it found.
    fn turn(&mut self, kernel: Kernel, counts: &Counts) -> Outcome<()> {
        self.hear(counts)?;
        let Some(job) = self.job.clone() else { return Ok(()) };
        let Some(extranonce2) = job.take() else { return Ok(()) };
        let header = job.header(&extranonce2);
        for hit in Scanner::new(kernel, &header.to_bytes(), &[], &self.target).scan(0, NONCES) {
            let share = Share {
                serial: job.serial,
                job: job.notify.id.clone(),
                extranonce2: extranonce2.clone(),
                time: header.time,
                nonce: hit.nonce,
                version: hit.version,
                mask: job.mask,
                difficulty: job.difficulty,
                worth: Target::from_le_bytes(hit.digest).unwrap_or(Target::HARDEST).difficulty(),
            };
            if let Some(line) = self.session.submit(share) {
                self.send(&line)?;
            }
        }
        Ok(())
    }

    fn hear(&mut self, counts: &Counts) -> Outcome<()> {
        let mut bytes = [0; 4_096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(self.failed("the node closed the connection")),
                Ok(read) => self.unread.extend_from_slice(bytes.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(self.failed(&error.to_string())),
            }
        }
        let Some(end) = self.unread.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let lines: Vec<u8> = self.unread.drain(..=end).collect();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let events = self.session.hear(line).map_err(|error| self.failed(&error.to_string()))?;
            events.into_iter().try_for_each(|event| self.take(event, counts))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event, counts: &Counts) -> Outcome<()> {
        match event {
            Event::Send(line) => self.send(&line)?,
            Event::Work(job) => {
                self.target = job.target().to_le_bytes();
                self.job = Some(job);
            }
            Event::Accepted(_) => drop(counts.accepted.fetch_add(1, Ordering::Relaxed)),
            Event::Rejected(..) => drop(counts.refused.fetch_add(1, Ordering::Relaxed)),
            Event::Unauthorized(why) => return Err(self.failed(&why)),
            Event::Authorized
            | Event::Difficulty(_)
            | Event::Message(_)
            | Event::Diverted(_)
            | Event::Reconnect { .. } => {}
        }
        Ok(())
    }

    fn send(&mut self, line: &str) -> Outcome<()> {
        let written = self.stream.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| self.failed(&error.to_string()))
    }

    fn failed(&self, why: &str) -> Failure {
        Failure::new(format!("machine {}: {why}", self.index))
    }
}
