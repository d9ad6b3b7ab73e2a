//! `thronosd mining pay`: what it says.

use service::{Refusal, VerbContext};
use types::{Amount, THR_DECIMALS};

use crate::operator::{PayList, PoolAnswer, PoolQuestion};
use crate::verbs::{put, unexpected};

/// Pays, or shows what would be paid.
pub(crate) fn run(context: &VerbContext<'_>, is_rehearsal: bool, release: Option<String>) -> Result<(), Refusal> {
    let PoolAnswer::Pay(list) = put(context, PoolQuestion::Pay { is_rehearsal, release })? else {
        return Err(unexpected());
    };
    if context.json {
        return context.print_json(&list);
    }
    context.print(&told(&list, is_rehearsal))
}

fn told(list: &PayList, is_rehearsal: bool) -> String {
    let thr = |amount: Amount| amount.to_decimal(THR_DECIMALS);
    let PayList { account, balance, trouble, hold_lifted, least, under_way, total, payments, later } = list;
    let mut lines = Vec::new();
    if !payments.is_empty() {
        lines.push(format!("{:<44}  {:>20}  THR", "address", "µTHR"));
    }
    lines.extend(payments.iter().map(|line| format!("{:<44}  {:>20}  {}", line.address, line.owed, thr(line.owed))));
    let addresses = if payments.len() == 1 { "1 address".to_owned() } else { format!("{} addresses", payments.len()) };
    let from = match balance {
        Some(balance) => format!("{account}, which has {} THR", thr(*balance)),
        None => account.clone(),
    };
    lines.push(match (under_way, is_rehearsal) {
        _ if payments.is_empty() => format!("nobody is owed {} THR or more, so nothing is paid", thr(*least)),
        (Some(reference), _) => {
            format!("{} THR to {addresses} are under way as payout {reference}, from {from}", thr(*total))
        }
        (None, true) => format!("{} THR would be paid to {addresses}, from {from}", thr(*total)),
        (None, false) if trouble.is_some() => {
            format!("{} THR are to be paid to {addresses}, from {from}; it is tried again every minute", thr(*total))
        }
        (None, false) => {
            format!(
                "{} THR are being paid to {addresses}, from {from}; they are marked when that is final",
                thr(*total)
            )
        }
    });
    if *later > 0 {
        lines.push(match later {
            1 => "1 more is due: it is not among these, because it does not fit or cannot be paid now".to_owned(),
            _ => {
                format!("{later} more are due: they are not among these, because they do not fit or cannot be paid now")
            }
        });
    }
    if *hold_lifted {
        lines.push("payouts are no longer held".to_owned());
    }
    lines.extend(trouble.iter().map(|why| format!("nothing is sent now: {why}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use types::Hash32;

    use super::*;
    use crate::operator::OwedLine;

    #[test]
    fn it_says_who_gets_what_from_where_and_whether_it_is_paid() {
        let payments = vec![OwedLine { address: "thrt1a".to_owned(), owed: Amount(1_500_000) }];
        let mut list = PayList {
            account: "thrt1b".to_owned(),
            balance: Some(Amount(2_000_000)),
            trouble: None,
            hold_lifted: false,
            least: Amount(100_000),
            under_way: None,
            total: Amount(1_500_000),
            payments,
            later: 0,
        };
        let rehearsed = told(&list, true);
        assert!(rehearsed.contains("thrt1a") && rehearsed.contains("1500000"), "{rehearsed}");
        assert!(rehearsed.ends_with("1.5 THR would be paid to 1 address, from thrt1b, which has 2 THR"), "{rehearsed}");
        assert!(told(&list, false).contains("are being paid") && !told(&list, false).contains("more are due"));
        list.later = 3;
        assert!(
            told(&list, false)
                .ends_with("3 more are due: they are not among these, because they do not fit or cannot be paid now")
        );
        list.later = 1;
        assert!(told(&list, false).contains("1 more is due"));
        list.later = 0;
        list.trouble = Some("the account has less".to_owned());
        let waits = told(&list, false);
        assert!(
            waits.contains("are to be paid") && waits.ends_with("nothing is sent now: the account has less"),
            "{waits}"
        );
        list.hold_lifted = true;
        list.under_way = Some(Hash32([1; 32]));
        let under_way = told(&list, true);
        assert!(under_way.contains("under way as payout 0101"), "{under_way}");
        assert!(
            under_way.ends_with("payouts are no longer held\nnothing is sent now: the account has less"),
            "{under_way}"
        );
        list.payments.clear();
        assert!(told(&list, false).starts_with("nobody is owed 0.1 THR or more"));
    }
}
