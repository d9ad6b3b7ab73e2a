//! What a run tells, and how: a line that is rewritten on a terminal, lines for a log, or one JSON object per event.
//!
//! It must not decide anything. Texts of a pool come without control characters (`message.rs`). For programs, every event is an
//! object on a line of its own, with its name as `event` and the time as `time_ms` (Unix, milliseconds):
//!
//! | `event` | with |
//! | --- | --- |
//! | `connecting` | `host`, `port` |
//! | `connected`, `authorized` | |
//! | `waiting` | `authorized`: whether the worker is let in; there is no work for some seconds |
//! | `lost` | `why`, `again_s`: seconds until the next attempt |
//! | `difficulty` | `difficulty` of jobs to come |
//! | `job` | `id`, `clean`: earlier jobs count no more; `difficulty` |
//! | `accepted` | `worth` of the share, `difficulty` that was asked for |
//! | `rejected` | as before, and `why` |
//! | `message` | `text` |
//! | `status` (each second) | `hashes_per_second`, `difficulty`, and what `end` has |
//! | `end` | `hashes`, `run_ms`, `accepted`, `rejected`, `stale`, `best` (null before the first share) |
//!
//! Difficulties are texts of a decimal number; what they count is pool difficulty 1, about 2^32 hashes.

use std::io::{ErrorKind, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use pow::Difficulty;
use serde_json::{Value, json};

use super::run::Summary;

/// Something to tell.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// An attempt to connect begins.
    Connecting {
        /// The pool's host.
        host: &'a str,
        /// The pool's port.
        port: u16,
    },
    /// The connection is open.
    Connected,
    /// The pool lets the worker in.
    Authorized,
    /// The connection has been open for some seconds, and there is no work.
    Waiting {
        /// Whether the pool has let the worker in.
        is_let_in: bool,
    },
    /// The connection has ended or did not come about.
    Lost {
        /// The reason.
        why: &'a str,
        /// Seconds until the next attempt.
        again_s: u64,
    },
    /// Jobs to come have this difficulty.
    Difficulty {
        /// The difficulty.
        difficulty: Difficulty,
    },
    /// A job is searched.
    Job {
        /// The pool's name for it.
        id: &'a str,
        /// Whether earlier ones count no more.
        clean: bool,
        /// What a share has to be worth.
        difficulty: Difficulty,
    },
    /// A share counts.
    Accepted {
        /// What it was worth.
        worth: Difficulty,
        /// What was asked for.
        difficulty: Difficulty,
    },
    /// A share does not count.
    Rejected {
        /// What it was worth.
        worth: Difficulty,
        /// What was asked for.
        difficulty: Difficulty,
        /// The pool's reason.
        why: &'a str,
    },
    /// The pool's message to the person.
    Message {
        /// The message.
        text: &'a str,
    },
    /// How it goes, once a second.
    Status {
        /// Of the last seconds.
        hashes_per_second: u64,
        /// Of the present job.
        difficulty: Difficulty,
        /// Everything since the start.
        so_far: &'a Summary,
    },
    /// The run is over.
    End {
        /// What became of it.
        summary: &'a Summary,
    },
}

/// Somebody who is told.
pub trait Show {
    /// Takes an event.
    fn tell(&mut self, told: &Told<'_>);

    /// Whether there still is somebody who hears it.
    fn is_heard(&self) -> bool {
        true
    }
}

/// One JSON object per event, for programs.
pub struct Json<W> {
    out: W,
    is_heard: bool,
}

/// One line per event, for logs; the state every so many seconds. Shares and new work come many times a second where they are easy, so
/// after one of them the next are counted for a while and told in one line.
pub struct Log<W> {
    out: W,
    seconds: u32,
    shares: Often,
    work: Often,
}

/// What may come so often that nobody could read it.
#[derive(Default)]
struct Often {
    /// Ticks until the next one is told by itself.
    quiet: u32,
    /// How many came meanwhile.
    count: u64,
    /// The best of them, if they are shares.
    best: Option<Difficulty>,
}

impl Often {
    /// Whether this one is told by itself; else it is counted.
    fn is_told(&mut self, worth: Option<Difficulty>) -> bool {
        if self.quiet == 0 {
            self.quiet = OFTEN_SECONDS;
            return true;
        }
        self.count += 1;
        self.best = self.best.max(worth);
        false
    }

    /// A second has passed: what was counted, when it is time to tell.
    fn tick(&mut self) -> Option<(u64, Option<Difficulty>)> {
        self.quiet = self.quiet.saturating_sub(1);
        if self.quiet > 0 {
            return None;
        }
        let counted = self.take();
        if counted.is_some() {
            self.quiet = OFTEN_SECONDS;
        }
        counted
    }

    /// What was counted.
    fn take(&mut self) -> Option<(u64, Option<Difficulty>)> {
        let best = self.best.take();
        let count = std::mem::take(&mut self.count);
        (count > 0).then_some((count, best))
    }
}

/// One line that is rewritten each second, for people.
pub struct Live<W> {
    out: W,
    message: String,
}

/// Seconds for which shares and new work are counted after one was told.
const OFTEN_SECONDS: u32 = 10;
/// Seconds between two lines of state in a log.
const LOG_SECONDS: u32 = 60;

impl Told<'_> {
    /// The event for programs, without its time.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Connecting { host, port } => json!({"event": "connecting", "host": host, "port": port}),
            Self::Connected => json!({"event": "connected"}),
            Self::Authorized => json!({"event": "authorized"}),
            Self::Waiting { is_let_in } => json!({"event": "waiting", "authorized": is_let_in}),
            Self::Lost { why, again_s } => json!({"event": "lost", "why": why, "again_s": again_s}),
            Self::Difficulty { difficulty } => json!({"event": "difficulty", "difficulty": difficulty.to_string()}),
            Self::Job { id, clean, difficulty } => {
                json!({"event": "job", "id": id, "clean": clean, "difficulty": difficulty.to_string()})
            }
            Self::Accepted { worth, difficulty } => {
                json!({"event": "accepted", "worth": worth.to_string(), "difficulty": difficulty.to_string()})
            }
            Self::Rejected { worth, difficulty, why } => {
                json!({"event": "rejected", "worth": worth.to_string(), "difficulty": difficulty.to_string(), "why": why})
            }
            Self::Message { text } => json!({"event": "message", "text": text}),
            Self::Status { hashes_per_second, difficulty, so_far } => {
                let mut json = summary_json("status", so_far);
                json["hashes_per_second"] = json!(hashes_per_second);
                json["difficulty"] = json!(difficulty.to_string());
                json
            }
            Self::End { summary } => summary_json("end", summary),
        }
    }

    /// The event for people; nothing for what happens too often to be read.
    fn text(&self) -> Option<String> {
        Some(match self {
            Self::Connecting { host, port } => format!("connecting with {host}:{port}"),
            // It changes often at first, and work and state say it too.
            Self::Difficulty { .. } => return None,
            Self::Connected | Self::Job { clean: false, .. } | Self::End { .. } => return None,
            Self::Authorized => "the pool lets the worker in".to_owned(),
            Self::Waiting { is_let_in: true } => "the pool has no work yet; a node that catches up has none".to_owned(),
            Self::Waiting { is_let_in: false } => {
                "the pool has not let the worker in yet; a node that catches up does so when it is done".to_owned()
            }
            Self::Lost { why, again_s } => format!("{why}; trying again in {again_s} s"),
            Self::Job { id, difficulty, .. } => format!("new work: job {id}, difficulty {difficulty}"),
            Self::Accepted { worth, difficulty } => format!("accepted: a share of {worth} ({difficulty} asked)"),
            Self::Rejected { worth, difficulty, why } => {
                format!("rejected: a share of {worth} ({difficulty} asked): {why}")
            }
            Self::Message { text } => format!("the pool says: {text}"),
            Self::Status { hashes_per_second, difficulty, so_far } => {
                let best = so_far.best.map_or_else(|| "none".to_owned(), |best| best.to_string());
                let Summary { accepted, rejected, .. } = so_far;
                let rate = rate(*hashes_per_second);
                format!("{rate}, accepted {accepted}, rejected {rejected}, best {best}, difficulty {difficulty}")
            }
        })
    }
}

fn summary_json(event: &str, summary: &Summary) -> Value {
    let Summary { hashes, time_ms, accepted, rejected, stale, best } = summary;
    let best = best.map(|best| best.to_string());
    json!({"event": event, "hashes": hashes, "run_ms": time_ms, "accepted": accepted, "rejected": rejected,
        "stale": stale, "best": best})
}

/// A rate with three digits or more: `71.3 MH/s`.
#[must_use]
pub fn rate(hashes_per_second: u64) -> String {
    let units = [(1_000_000_000_000, "TH/s"), (1_000_000_000, "GH/s"), (1_000_000, "MH/s"), (1_000, "kH/s")];
    match units.into_iter().find(|(unit, _)| hashes_per_second >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", hashes_per_second / unit, hashes_per_second % unit / (unit / 10)),
        None => format!("{hashes_per_second} H/s"),
    }
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, is_heard: true }
    }
}

impl<W: Write> Show for Json<W> {
    fn tell(&mut self, told: &Told<'_>) {
        let mut json = told.json();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        json["time_ms"] = json!(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let written = writeln!(self.out, "{json}").and_then(|()| self.out.flush());
        // A reader that closed its end has seen enough; a full disk may have room again.
        self.is_heard &= written.err().is_none_or(|error| error.kind() != ErrorKind::BrokenPipe);
    }

    fn is_heard(&self) -> bool {
        self.is_heard
    }
}

impl<W: Write> Log<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, seconds: 0, shares: Often::default(), work: Often::default() }
    }

    fn counted(&mut self, shares: Option<(u64, Option<Difficulty>)>, work: Option<(u64, Option<Difficulty>)>) {
        if let Some((count, best)) = shares {
            let best = best.map_or_else(|| "none".to_owned(), |best| best.to_string());
            let _ = writeln!(self.out, "accepted: {} more, the best of {best}", types::counted(count, "share"));
        }
        if let Some((count, _)) = work {
            let _ = writeln!(self.out, "new work: {} more", types::counted(count, "job"));
        }
    }
}

impl<W: Write> Show for Log<W> {
    fn tell(&mut self, told: &Told<'_>) {
        let is_told = match told {
            Told::Status { .. } => {
                let (shares, work) = (self.shares.tick(), self.work.tick());
                self.counted(shares, work);
                self.seconds = (self.seconds + 1) % LOG_SECONDS;
                self.seconds == 0
            }
            Told::Accepted { worth, .. } => self.shares.is_told(Some(*worth)),
            Told::Job { clean: true, .. } => self.work.is_told(None),
            Told::End { .. } => {
                let (shares, work) = (self.shares.take(), self.work.take());
                self.counted(shares, work);
                true
            }
            _ => true,
        };
        if let Some(text) = told.text().filter(|_| is_told) {
            let _ = writeln!(self.out, "{text}");
        }
    }
}

impl<W: Write> Live<W> {
    /// Writes to `out`, a terminal.
    pub fn new(out: W) -> Self {
        Self { out, message: String::new() }
    }
}

impl<W: Write> Show for Live<W> {
    fn tell(&mut self, told: &Told<'_>) {
        // Back to the line's start, and what stood there goes.
        const AGAIN: &str = "\r\u{1b}[2K";
        // A line that is longer than the terminal is wide is cut, since only one line can be rewritten.
        const CUT: &str = "\u{1b}[?7l";
        const WRAP: &str = "\u{1b}[?7h";
        let _ = match told {
            Told::Status { .. } => {
                let text = told.text().unwrap_or_default();
                let pool = if self.message.is_empty() { String::new() } else { format!(" | {}", self.message) };
                write!(self.out, "{AGAIN}{CUT}{text}{pool}{WRAP}")
            }
            Told::End { .. } => writeln!(self.out),
            Told::Accepted { .. } | Told::Job { .. } => Ok(()),
            Told::Message { text } => {
                self.message = super::message::shown(text, 60);
                Ok(())
            }
            _ => told.text().map_or(Ok(()), |text| writeln!(self.out, "{AGAIN}{text}")),
        };
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(show: &mut dyn Show) {
        let summary =
            Summary { hashes: 5, time_ms: 6, accepted: 1, rejected: 2, stale: 3, best: Some(Difficulty::ONE) };
        let (worth, difficulty) = (Difficulty::ONE, Difficulty::ONE);
        for told in [
            Told::Connecting { host: "pool", port: 3334 },
            Told::Connected,
            Told::Authorized,
            Told::Difficulty { difficulty },
            Told::Job { id: "a", clean: true, difficulty },
            Told::Accepted { worth, difficulty },
            Told::Rejected { worth, difficulty, why: "stale" },
            Told::Message { text: "hello" },
            Told::Status { hashes_per_second: 71_349_000, difficulty, so_far: &summary },
            Told::Lost { why: "gone", again_s: 2 },
            Told::End { summary: &summary },
        ] {
            show.tell(&told);
        }
    }

    #[test]
    fn programs_get_one_object_per_event_with_name_and_time() {
        let mut out = Vec::new();
        all(&mut Json::new(&mut out));
        let text = String::from_utf8(out).expect("JSON");
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
        let expected = "connecting connected authorized difficulty job accepted rejected message status lost end";
        assert_eq!(names.join(" "), expected);
        assert!(events.iter().all(|event| event["time_ms"].as_u64().is_some_and(|time| time > 1_600_000_000_000)));
        assert_eq!((&events[8]["hashes_per_second"], &events[10]["best"]), (&json!(71_349_000), &json!("1")));
    }

    #[test]
    fn a_log_has_lines_and_a_terminal_one_line_that_is_rewritten() {
        let mut out = Vec::new();
        all(&mut Log::new(&mut out));
        let log = String::from_utf8(out).expect("text");
        assert!(
            log.contains("rejected: a share of 1 (1 asked): stale\nthe pool says: hello\ngone; trying again in 2 s\n")
        );
        assert!(!log.contains('\u{1b}') && !log.contains("MH/s"), "{log}");
        assert!(!log.contains("from the next job") && log.contains("new work: job a, difficulty 1\n"), "{log}");
        let mut out = Vec::new();
        all(&mut Live::new(&mut out));
        let live = String::from_utf8(out).expect("text");
        assert!(
            live.contains(
                "\r\u{1b}[2K\u{1b}[?7l71.3 MH/s, accepted 1, rejected 2, best 1, difficulty 1 | hello\u{1b}[?7h"
            ),
            "{live}"
        );
    }

    // FAULTS RT13
    #[test]
    fn a_log_tells_one_share_and_counts_those_that_follow_at_once() {
        let mut out = Vec::new();
        let mut log = Log::new(&mut out);
        let summary = Summary::default();
        let difficulty = Difficulty::ONE;
        let status = Told::Status { hashes_per_second: 1, difficulty, so_far: &summary };
        for second in 0..25 {
            for _ in 0..40 {
                log.tell(&Told::Job { id: "a", clean: true, difficulty });
                log.tell(&Told::Accepted { worth: difficulty, difficulty });
            }
            if second < 24 {
                log.tell(&status);
            }
        }
        log.tell(&Told::End { summary: &summary });
        let log = String::from_utf8(out).expect("text");
        let lines = |begin: &str| log.lines().filter(|line| line.starts_with(begin)).count();
        assert_eq!((lines("accepted: "), lines("new work: ")), (4, 4), "{log}");
        assert!(log.contains("accepted: 399 shares more, the best of 1\n"), "{log}");
        assert!(log.contains("accepted: 200 shares more, the best of 1\n"), "{log}");
    }

    #[test]
    fn rates_have_the_unit_that_fits() {
        let rates = [0, 999, 1_000, 71_349_000, 333_000_000, 14_000_000_000, 2_000_000_000_000].map(rate);
        assert_eq!(rates.join(" "), "0 H/s 999 H/s 1.0 kH/s 71.3 MH/s 333.0 MH/s 14.0 GH/s 2.0 TH/s");
    }
}
