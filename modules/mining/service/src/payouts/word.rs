//! The operator's word on what holds payouts.
//!
//! Each reason is told with a word that stands for all of them, and that word alone lets payouts go on: whoever gives it has been told
//! every reason. One that came later, or comes again, has another word. It must not pay.

use service::ServiceFault;
use types::Nonce;

use super::Payouts;
use super::doubt::USED_ELSEWHERE;

/// Bytes of a word; it tells holds apart and keeps nobody out.
const WORD_BYTES: usize = 4;

/// What a word stands for beside the reasons.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// Of this start, so that a word of another run is none.
    pub(super) secret: [u8; 32],
    /// How many times something has come to hold payouts, the same again too.
    pub(super) events: u64,
    /// Up to which nonce of the account others were seen to use it.
    pub(super) others: Option<Nonce>,
    /// Whether all that a start looks at has been compared; until then a reason may be missing.
    pub(super) is_compared: bool,
}

impl Hold {
    /// The word for these reasons.
    pub(super) fn word(&self, reasons: &[String]) -> Option<String> {
        let named = ("thronos/release", self.secret, self.events, self.others, reasons);
        let digest = pow::sha256d(&borsh::to_vec(&named).expect("writing to memory cannot fail"));
        self.is_compared.then(|| digest.iter().take(WORD_BYTES).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What became of the operator's wish to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It is carried out.
    Taken {
        /// Whether payouts were held until then.
        hold_lifted: bool,
    },
    /// Payouts are held, and the word for what holds them was not given.
    Held,
}

impl Payouts {
    /// The operator's wish: pays what is due, as soon as nothing else is under way. Where payouts are held that takes the word for it.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(crate) async fn pay(&self, word: Option<&str>) -> Result<Wish, ServiceFault> {
        let is_used = self.look_at_account().await?;
        let Some((reasons, right)) = self.log.held_and_word() else {
            self.wanted.notify_one();
            return Ok(Wish::Taken { hold_lifted: false });
        };
        let Some(right) = right.filter(|right| word == Some(right.as_str())) else { return Ok(Wish::Held) };
        // The word on another reason says nothing of what others sent, and that on what they sent nothing of what they sent since.
        // Where nobody else uses the account any more, which may be another one or newly trusted, there is nothing to trust.
        if is_used && reasons.iter().any(|why| why == USED_ELSEWHERE) {
            let is_told = match self.log.others() {
                Some(seen) => self.account.trust(seen).await,
                None => false,
            };
            if !is_told {
                self.look_at_account().await?;
                return Ok(Wish::Held);
            }
        }
        // What a node that stops does not note is found, and told again, by the next.
        if let Some(known) = self.account.known().await {
            self.log.see_account(known)?;
        }
        // Another reason may have come meanwhile.
        if !self.log.release(&right)? {
            return Ok(Wish::Held);
        }
        self.wanted.notify_one();
        Ok(Wish::Taken { hold_lifted: true })
    }

    /// Why payouts wait for the operator's word, if they do, with what to do and to say then; and the word.
    pub(crate) fn held_and_word(&self) -> (Option<String>, Option<String>) {
        let Some((reasons, word)) = self.log.held_and_word() else { return (None, None) };
        let next = match &word {
            Some(word) => format!("then pay with `thronosd mining pay --release {word}`"),
            None => {
                "then ask again: the node compares its files with the newest blocks before it tells the word for that"
                    .to_owned()
            }
        };
        let held = format!(
            "{}: compare `thronosd mining owed` with what the account has paid, mark what it has paid with \
             `thronosd mining paid --reference HASH ADDRESS UNITS`, {next}",
            reasons.join("; besides, ")
        );
        (Some(held), word)
    }

    /// As [`Self::held_and_word`], without the word by itself.
    pub(crate) fn held(&self) -> Option<String> {
        self.held_and_word().0
    }
}
