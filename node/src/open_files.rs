//! As many open files as the system lets the process have: a thousand miners or readers are a thousand files, and shells hand out
//! a limit of 1,024.
//!
//! It must not know who opens them. Invariant: only the soft limit is changed, and never downwards.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one; how many files may be open now, nothing for any number.
///
/// # Errors
/// What the system said.
pub fn allow_as_many_as_possible() -> std::io::Result<Option<u64>> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    Ok(maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let lower = maximum.map_or(512, |maximum| maximum.min(512));
        setrlimit(Resource::Nofile, Rlimit { current: Some(lower), maximum }).expect("lowering is allowed");
        assert_eq!(allow_as_many_as_possible().expect("raising to the hard limit is allowed"), maximum);
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    }
}
