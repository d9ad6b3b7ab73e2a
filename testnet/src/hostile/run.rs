//! `cargo x hostile` from its first line to its last.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::Options;
use super::attack::{Attack, Scene};
use super::attacks;
use super::attempt::{Attempt, Seen, attempt, logs};
use super::figures::percentile;
use super::peers::Peers;
use super::report::{self, Entry};
use super::siege::{BASE_PORT, NODES, Place, Siege};
use super::verdict::{Verdict, judge};
use crate::devnet::{Failure, Layout, Outcome, Ports, Programs, Stop};
use crate::spoken::{heard, speak};
use crate::trial::Trials;

/// A doubtful attack is tried so often in all, each time on a network made anew, and cleared by the first try without a doubt.
const TRIES: u32 = 3;
/// A network whose transfers stand for so long, or whose pools hold so much, is made anew before the next attack.
const STANDS_MAX: Duration = Duration::from_secs(2);
const LEFT_OVER_MAX: u32 = 50;

/// A run.
struct Run<'a> {
    options: &'a Options,
    place: Place,
    siege: Option<Siege>,
    /// What each scene's p99 was before the attacks.
    calm: BTreeMap<Scene, Vec<f64>>,
    entries: Vec<Entry>,
    say: &'a dyn Fn(&str),
}

/// Does what was typed.
#[must_use]
pub fn run(options: &Options, trials: Trials) -> ExitCode {
    if options.list {
        for Attack { name, rows, about, hand, .. } in all(trials) {
            speak(&format!("{name:16} {rows:10} {hand:?}: {about}"));
        }
        return heard(ExitCode::SUCCESS);
    }
    let speaks_json = options.json;
    let say = move |text: &str| if speaks_json { eprintln!("{text}") } else { speak(text) };
    let begun = Instant::now();
    let (entries, outcome) = match perform(options, trials, &say) {
        Ok((entries, outcome)) => (entries, outcome),
        Err(failure) => (Vec::new(), Err(failure)),
    };
    let error = outcome.err().map(|failure| {
        failure.logs().iter().for_each(|log| say(&format!("see {}", log.display())));
        failure.to_string()
    });
    let violations: usize = entries.iter().map(Entry::violations).sum();
    if let Some(error) = &error {
        eprintln!("hostile: {error}");
    }
    say(&format!("{violations} violations in {} attacks, {:.0} s", entries.len(), begun.elapsed().as_secs_f64()));
    if options.json {
        speak(&report::document(&entries, trials, begun.elapsed().as_secs_f64(), error.as_deref()).to_string());
    }
    heard(if violations == 0 && error.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn perform(options: &Options, trials: Trials, say: &dyn Fn(&str)) -> Outcome<(Vec<Entry>, Outcome<()>)> {
    let chosen = chosen(&options.attacks, trials)?;
    let ports = match options.base_port {
        Some(base) => Ports::new(base, NODES)?,
        None => Ports::free_from(BASE_PORT, NODES)?,
    };
    let peers = Peers::find();
    if let Err(reason) = &peers {
        say(&format!("attacks on js-libp2p are not run: {reason}"));
    }
    let home = options.home.clone();
    let place = Place { home, ports, trials, programs: Programs::find()?, stop: Stop::on_signals()?, peers };
    let mut run = Run { options, place, siege: None, calm: BTreeMap::new(), entries: Vec::new(), say };
    let outcome = run.all(&chosen);
    let ended = run.end_siege();
    if let Ok(peers) = &run.place.peers {
        peers.clean();
    }
    let is_clean = run.entries.iter().all(|entry| entry.violations() == 0) && outcome.is_ok();
    if is_clean && !options.keep {
        Layout::new(&options.home)?.wipe()?;
    }
    Ok((run.entries, outcome.and(ended)))
}

/// The house's attacks and those of trials.
fn all(trials: Trials) -> impl Iterator<Item = &'static Attack> {
    attacks::ALL.iter().chain(trials.iter().flat_map(|trial| trial.attacks.all))
}

/// The attacks that were named, or all.
fn chosen(names: &[String], trials: Trials) -> Outcome<Vec<&'static Attack>> {
    if let Some(unknown) = names.iter().find(|name| !all(trials).any(|attack| attack.name == **name)) {
        return Err(Failure::new(format!("there is no attack `{unknown}`; --list names all")));
    }
    Ok(all(trials).filter(|attack| names.is_empty() || names.iter().any(|name| name == attack.name)).collect())
}

impl Run<'_> {
    fn all(&mut self, chosen: &[&'static Attack]) -> Outcome<()> {
        let weights: f64 = chosen.iter().map(|attack| attack.weight).sum();
        for (number, attack) in (1_u8..).zip(chosen) {
            let time = Duration::from_secs_f64(self.options.minutes * 60.0 * attack.weight / weights);
            let entry = self.one(attack, number, time)?;
            self.entries.push(entry);
        }
        Ok(())
    }

    /// One attack, as often as it needs.
    fn one(&mut self, attack: &Attack, number: u8, time: Duration) -> Outcome<Entry> {
        let mut cleared = Vec::new();
        for turn in 1.. {
            let seen = match self.attempt(attack, number, time)? {
                Attempt::Run(seen) => *seen,
                Attempt::NotRun(reason) => {
                    (self.say)(&format!("{} ({}) was not run: {reason}", attack.name, attack.rows));
                    return Ok(Entry::not_run(attack, reason));
                }
            };
            let verdict = judge(&seen, self.calm_p99(attack.scene));
            (self.say)(&report::lines(attack, &seen, &verdict));
            if !verdict.violations.is_empty() || !verdict.doubts.is_empty() {
                self.tell_logs();
                self.end_siege()?;
            }
            let Verdict { mut violations, doubts } = verdict;
            let is_last = turn >= self.options.tries.unwrap_or(TRIES);
            if doubts.is_empty() || !violations.is_empty() || is_last {
                self.remember(attack.scene, &seen);
                violations.extend(doubts);
                return Ok(Entry::run(attack, turn, seen, violations, cleared));
            }
            cleared.extend(doubts);
        }
        unreachable!("the last try returns")
    }

    fn attempt(&mut self, attack: &Attack, number: u8, time: Duration) -> Outcome<Attempt> {
        if self.siege.as_ref().is_some_and(is_worn) {
            self.end_siege()?;
        }
        let siege = match self.siege.take() {
            Some(siege) => siege,
            None => {
                (self.say)("making a network of four validators and a follower");
                Siege::make(&self.place)?
            }
        };
        attempt(self.siege.insert(siege), attack, number, time)
    }

    /// What was usual before the attacks of this run, in a scene.
    fn calm_p99(&self, scene: Scene) -> f64 {
        self.calm.get(&scene).map(|p99s| percentile(p99s.clone(), 50)).unwrap_or_default()
    }

    fn remember(&mut self, scene: Scene, seen: &Seen) {
        self.calm.entry(scene).or_default().push(seen.before.p99_window_median_ms);
    }

    fn tell_logs(&self) {
        let logs = self.siege.as_ref().map(logs).unwrap_or_default();
        let folder = logs.first().and_then(|log| log.parent());
        if let Some(folder) = folder {
            (self.say)(&format!("  its logs are kept until the next network is made: {}", folder.display()));
        }
    }

    fn end_siege(&mut self) -> Outcome<()> {
        match self.siege.take() {
            // A node that had to be killed here has been judged before.
            Some(siege) => match siege.end() {
                Err(Failure::Stopped) => Err(Failure::Stopped),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Whether an earlier attack has left traces that would be taken for the next one's.
fn is_worn(siege: &Siege) -> bool {
    let left_over = |node: usize| {
        let status = siege.client(node).ok().and_then(|client| client.status().ok());
        status.is_none_or(|status| status.mempool_transactions > LEFT_OVER_MAX)
    };
    siege.pulse.stands_for() > STANDS_MAX || siege.running().into_iter().any(left_over)
}
