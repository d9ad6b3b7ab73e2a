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
}
