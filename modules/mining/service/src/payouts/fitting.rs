//! Which of those who are due one transaction can pay now.
//!
//! It must not know the book. Invariant: whoever cannot be paid holds up nobody for longer than one attempt.

use service::account::{ServiceAccount, Unfit};
use types::{Address, Amount};

/// Most attempts, at each of which a transaction is tried out.
const TRIES_MAX: usize = 64;
/// So many of them may fail once some were found: more than it takes to find one among [`super::PAYEES_MAX`].
const FAILED_MAX: usize = 16;

/// What was found.
pub(super) struct Fitting {
    /// What the transaction pays, by rising address; or why it cannot pay anybody.
    pub(super) payments: Result<Vec<(Address, Amount)>, Unfit>,
    /// Behind the last who was looked at.
    pub(super) next: Address,
}

/// As many of these, from the first on, as the account can pay, the price allows and a block holds. Of some that do not fit beside those
/// before each half is tried, so one that cannot be paid alone is left out, and the others are not.
pub(super) async fn fitting(account: &dyn ServiceAccount, due: &[(Address, Amount)]) -> Fitting {
    let (mut found, mut next) = (Vec::new(), due.first().map_or(Address([0; 20]), |(address, _)| *address));
    let (mut why, mut failed) = (Unfit::Now("nobody is owed anything".to_owned()), 0_usize);
    // The part that comes next is the last.
    let mut parts = vec![due];
    for _ in 0..TRIES_MAX {
        let Some((part, last)) = parts.pop().and_then(|part| Some((part, part.last()?))) else { break };
        let some = [&found, part].concat();
        match account.fits(account.payments(&some)).await {
            Ok(()) => (found, next, failed) = (some, behind(last.0), 0),
            Err(Unfit::Held) => return Fitting { payments: Err(Unfit::Held), next },
            Err(reason) => {
                (why, failed) = (reason, failed.saturating_add(1));
                if !found.is_empty() && failed > FAILED_MAX {
                    break;
                }
                match part.split_at_checked(part.len() / 2) {
                    Some((first, second)) if !first.is_empty() => parts.extend([second, first]),
                    _ => next = behind(last.0),
                }
            }
        }
    }
    found.sort_unstable();
    Fitting { payments: if found.is_empty() { Err(why) } else { Ok(found) }, next }
}

/// The next higher address; the lowest behind the highest.
fn behind(address: Address) -> Address {
    let mut bytes = address.0;
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    Address(bytes)
}
