//! The operator's word on what holds payouts.
//!
//! Each reason is told with a word that stands for all of them, and that word alone lets payouts go on: whoever gives it has been told
//! every reason. One that came later, or comes again, has another word. It must not pay.

use service::ServiceFault;

use super::Payouts;
use super::doubt::USED_ELSEWHERE;

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
        self.look_at_account().await?;
        let Some((reasons, right)) = self.log.held_and_word() else {
            self.wanted.notify_one();
            return Ok(Wish::Taken { hold_lifted: false });
        };
        if word != Some(right.as_str()) {
            return Ok(Wish::Held);
        }
        // The word on another reason says nothing of what others sent.
        if reasons.iter().any(|why| why == USED_ELSEWHERE) {
            self.account.trust().await;
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

    /// The word for what holds payouts now, if they are held.
    pub(crate) fn word(&self) -> Option<String> {
        self.log.held_and_word().map(|(_, word)| word)
    }

    /// Why payouts wait for the operator's word, if they do, and what to do and to say then.
    pub(crate) fn held(&self) -> Option<String> {
        self.log.held_and_word().map(|(reasons, word)| {
            format!(
                "{}: compare `thronosd mining owed` with what the account has paid, mark what it has paid with \
                 `thronosd mining paid --reference HASH ADDRESS UNITS`, then pay with `thronosd mining pay --release {word}`",
                reasons.join("; besides, ")
            )
        })
    }
}
