//! Waiting for a condition of another process: asked again and again until it holds, the time is over, or somebody wishes to stop.

use std::time::{Duration, Instant};

use super::{Failure, Outcome, Stop};

/// Between two questions.
const INTERVAL: Duration = Duration::from_millis(20);

/// What a question says.
pub type Asked<T> = Result<T, String>;

/// Asks until there is an answer. `ask` says what it has seen instead, which stands in the failure; a failure of its own, as when the
/// process asked has ended, ends the wait at once.
///
/// # Errors
/// A sentence with what was waited for, how long, and what was seen last.
pub fn until<T>(what: &str, patience: Duration, stop: &Stop, mut ask: impl FnMut() -> Outcome<Asked<T>>) -> Outcome<T> {
    let end = Instant::now() + patience;
    loop {
        match ask()? {
            Ok(answer) => return Ok(answer),
            Err(seen) if Instant::now() >= end => {
                return Err(Failure::new(format!("waited {} s in vain for {what}: {seen}", patience.as_secs())));
            }
            Err(_) => stop.pause(INTERVAL)?,
        }
    }
}

/// What a busy machine makes slow is waited for so many times as long, as long as it goes on.
const BUSY_FACTOR: u32 = 8;

/// As [`until`] for what takes longer on a busy machine: the patience is that without any progress, which is whatever else `ask` says
/// besides, and eight times as much in all.
///
/// # Errors
/// As [`until`], with how busy the machine is.
pub fn until_it_stands<T, P: PartialEq>(
    what: &str,
    patience: Duration,
    stop: &Stop,
    mut ask: impl FnMut() -> Outcome<(P, Asked<T>)>,
) -> Outcome<T> {
    let begun = Instant::now();
    let (mut moved, mut last) = (begun, None);
    loop {
        let (progress, asked) = ask()?;
        let seen = match asked {
            Ok(answer) => return Ok(answer),
            Err(seen) => seen,
        };
        if last.as_ref() != Some(&progress) {
            (moved, last) = (Instant::now(), Some(progress));
        }
        let (waited, stood) = (begun.elapsed(), moved.elapsed());
        if stood >= patience || waited >= patience.saturating_mul(BUSY_FACTOR) {
            let (waited, stood) = (waited.as_secs(), stood.as_secs());
            let load = load().map(|load| format!("; {load}")).unwrap_or_default();
            return Err(Failure::new(format!(
                "waited {waited} s in vain for {what}, the last {stood} s without any progress: {seen}{load}"
            )));
        }
        stop.pause(INTERVAL)?;
    }
}

/// How busy the processors were in the last minute, and what helps where that is too much.
fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = text.split(' ').next()?.parse().ok()?;
    let processors = std::thread::available_parallelism().ok()?.get();
    Some(load_in_words(load, processors))
}

fn load_in_words(load: f64, processors: usize) -> String {
    let of = types::counted(processors as u64, "processor");
    let known = format!("this machine's load is {load:.1} on {of}");
    if load > processors as f64 + 1.0 {
        return format!("{known}, which is too busy: end other programs and try again");
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_answer_with_the_deadline_or_with_a_signal() {
        let stop = Stop::default();
        let mut asked = 0;
        let counted = until("the third", Duration::from_secs(5), &stop, || {
            asked += 1;
            Ok(if asked == 3 { Ok(asked) } else { Err(String::new()) })
        });
        assert_eq!(counted, Ok(3));
        let never = || -> Outcome<Asked<()>> { Ok(Err("height 7".to_owned())) };
        let sentence = until("height 9", Duration::ZERO, &stop, never).expect_err("it never comes").to_string();
        assert!(sentence.contains("height 9") && sentence.contains("height 7"), "{sentence}");
        stop.wish();
        assert_eq!(until("ever", Duration::from_secs(60), &stop, never), Err(Failure::Stopped));
    }

    #[test]
    fn what_goes_on_is_waited_for_beyond_the_patience_and_what_stands_is_not() {
        let stop = Stop::default();
        let (mut asked, patience) = (0, Duration::from_millis(300));
        let counted = until_it_stands("the twentieth", patience, &stop, || {
            asked += 1;
            Ok((asked, if asked == 20 { Ok(asked) } else { Err(String::new()) }))
        });
        assert_eq!(counted, Ok(20), "twenty pauses take longer than the patience");
        let never = || -> Outcome<(u32, Asked<()>)> { Ok((7, Err("7 of 9".to_owned()))) };
        let sentence = until_it_stands("the ninth", patience, &stop, never).expect_err("it stands").to_string();
        assert!(sentence.contains("for the ninth") && sentence.contains("without any progress: 7 of 9"), "{sentence}");
        let mut more = 0;
        let endless = || -> Outcome<(u32, Asked<()>)> {
            more += 1;
            Ok((more, Err(String::new())))
        };
        assert!(until_it_stands("the end", Duration::from_millis(10), &stop, endless).is_err(), "all has an end");
        assert_eq!(load_in_words(1.5, 2), "this machine's load is 1.5 on 2 processors");
        assert!(
            load_in_words(6.0, 2).ends_with("on 2 processors, which is too busy: end other programs and try again")
        );
    }
}
