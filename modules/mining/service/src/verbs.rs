//! `thronosd mining`: what the operator of a port for miners owes, received and paid. Asks over the socket in the home.

use clap::{Args, Subcommand};
use types::{Amount, Hash32, THR_DECIMALS, counted};

use service::{Refusal, VerbContext, Verbs};

use crate::operator::{OwedList, PoolAnswer, PoolQuestion};

/// `thronosd mining …`.
#[derive(Debug, Subcommand)]
pub enum MiningVerb {
    /// Show what is owed to whom.
    Owed,
    /// Share out what the operator received over the window of shares.
    Income(Income),
    /// Mark a payment that was made by hand. It moves nothing: pay with `thronos send` first. The same again changes nothing.
    Paid(Paid),
    /// Pay now what is owed, from the account whose key `accounts.mining` names, and mark it when it is final.
    Pay(Pay),
}

/// A payout.
#[derive(Debug, Args)]
pub struct Pay {
    /// Show who would get what, and pay nothing.
    #[arg(long, conflicts_with = "release")]
    dry_run: bool,
    /// Let payouts go on that are held: the word that `thronosd mining owed` tells with every reason.
    #[arg(long, value_name = "WORD")]
    release: Option<String>,
}

/// An income.
#[derive(Debug, Args)]
pub struct Income {
    /// What makes this income different from any other, such as the id of the claim's transaction: 64 hexadecimal digits.
    #[arg(long, value_name = "HASH", value_parser = reference)]
    reference: Hash32,
    /// What was received, in µTHR.
    #[arg(long, value_name = "UNITS", value_parser = units)]
    amount: Amount,
    /// What the operator keeps of it, in µTHR.
    #[arg(long, value_name = "UNITS", value_parser = units, default_value = "0")]
    fee: Amount,
}

/// A payment.
#[derive(Debug, Args)]
pub struct Paid {
    /// What makes this payment different from any other to this address, such as the id of its transaction: 64 hexadecimal digits.
    #[arg(long, value_name = "HASH", value_parser = reference)]
    reference: Hash32,
    /// To whom.
    address: String,
    /// What was paid, in µTHR.
    #[arg(value_name = "UNITS", value_parser = units)]
    amount: Amount,
}

impl Verbs for MiningVerb {
    fn run(self, context: &VerbContext<'_>) -> Result<(), Refusal> {
        let question = match self {
            Self::Owed => return show(context),
            Self::Pay(Pay { dry_run, release }) => return crate::pay::run(context, dry_run, release),
            Self::Income(Income { reference, amount, fee }) => PoolQuestion::Income { reference, amount, fee },
            Self::Paid(Paid { reference, address, amount }) => PoolQuestion::Paid { reference, address, amount },
        };
        match put(context, question)? {
            answer if context.json => context.print_json(&answer),
            PoolAnswer::Shared { sentence, held, .. } => {
                let held = held.map_or_else(String::new, |why| format!("\npayouts are held: {why}"));
                context.print(&(sentence + &held))
            }
            PoolAnswer::Noted { sentence, .. } => context.print(&sentence),
            PoolAnswer::Owed(_) | PoolAnswer::Pay(_) => Err(unexpected()),
        }
    }
}

/// One question; a refusal of the node is one of the command.
pub(crate) fn put(context: &VerbContext<'_>, question: PoolQuestion) -> Result<PoolAnswer, Refusal> {
    let question = serde_json::to_value(question).map_err(|_| unexpected())?;
    serde_json::from_value(context.ask(question)?).map_err(|_| unexpected())
}

/// All pages as one list.
fn owed(context: &VerbContext<'_>) -> Result<OwedList, Refusal> {
    let mut all: Option<OwedList> = None;
    loop {
        let cursor = all.as_mut().and_then(|all| all.cursor.take());
        let PoolAnswer::Owed(page) = put(context, PoolQuestion::Owed { cursor })? else { return Err(unexpected()) };
        let list = match all.take() {
            None => page,
            Some(before) => OwedList { payouts: [before.payouts, page.payouts].concat(), ..page },
        };
        if list.cursor.is_none() {
            return Ok(list);
        }
        all = Some(list);
    }
}

fn show(context: &VerbContext<'_>) -> Result<(), Refusal> {
    let list = owed(context)?;
    if context.json {
        return context.print_json(&list);
    }
    let thr = |amount: Amount| amount.to_decimal(THR_DECIMALS);
    let mut lines = Vec::new();
    if !list.payouts.is_empty() {
        lines.push(format!("{:<44}  {:>20}  THR", "address", "µTHR"));
    }
    lines
        .extend(list.payouts.iter().map(|line| format!("{:<44}  {:>20}  {}", line.address, line.owed, thr(line.owed))));
    let (owed, kept) = (thr(list.owed), thr(list.kept));
    let addresses = counted(list.addresses, "address");
    lines.push(format!("{owed} THR owed to {addresses}, {kept} THR kept; incomes shared out: {}", list.incomes));
    lines.extend(list.under_way.iter().map(|reference| {
        let paying = thr(list.paying);
        format!("{paying} THR of that are being paid by payout {reference}, and marked when it is final: do not pay them by hand")
    }));
    lines.extend(list.held.iter().map(|why| format!("payouts are held: {why}")));
    lines.extend(list.trouble.iter().map(|why| format!("nothing is sent now: {why}")));
    context.print(&lines.join("\n"))
}

pub(crate) fn unexpected() -> Refusal {
    Refusal::new("bad_answer", "the node answers something else than was asked; is it of the same version?")
}

fn units(text: &str) -> Result<Amount, String> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain {
        return Err(format!("`{text}` is no number of µTHR: write digits only; 1 THR is 1000000"));
    }
    text.parse().map(Amount).map_err(|_| format!("`{text}` µTHR are more than there can be; 1 THR is 1000000"))
}

fn reference(text: &str) -> Result<Hash32, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no reference: write 64 hexadecimal digits, such as a transaction's id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_digits_only() {
        assert_eq!(units("1000000"), Ok(Amount(1_000_000)));
        assert_eq!(units(&u128::MAX.to_string()), Ok(Amount(u128::MAX)));
        for wrong in ["", "-1", "+1", "1.5", "1e6", "1_000", " 1", "340282366920938463463374607431768211456"] {
            assert!(units(wrong).is_err(), "{wrong}");
        }
        assert!(reference("12").is_err() && reference(&"0a".repeat(32)).is_ok());
    }
}
