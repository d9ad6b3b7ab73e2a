//! Between what the house wants of a module and the module: the calls that a service's account pays with.

use tokens::{BATCH_RECIPIENTS_MAX, BatchTransfer, Payment, TokensCall};
use types::{Address, Amount, Call, List, THR};

/// The calls that move µTHR from the sender to these, each amount above zero: one per [`BATCH_RECIPIENTS_MAX`].
#[must_use]
pub fn payments(to: &[(Address, Amount)]) -> Vec<Call> {
    let call = |part: &[(Address, Amount)]| {
        let payments = part.iter().map(|(to, amount)| Payment { to: *to, amount: *amount }).collect();
        let payments = List::new(payments).expect("a part has at most as many as a batch");
        TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments }).to_call()
    };
    to.chunks(BATCH_RECIPIENTS_MAX).map(call).collect()
}

#[cfg(test)]
mod tests {
    use types::Canonical;

    use super::*;

    #[test]
    fn every_payment_stands_in_one_call_and_a_call_is_full_before_the_next() {
        let to: Vec<_> = (0..300_u128).map(|number| (Address([7; 20]), Amount(number + 1))).collect();
        let read = |call: &Call| match TokensCall::from_canonical(&call.body) {
            Ok(TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments })) => payments.into_vec(),
            other => panic!("{other:?}"),
        };
        let calls: Vec<Vec<Payment>> = payments(&to).iter().map(read).collect();
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [256, 44]);
        let all: Vec<_> = calls.concat().iter().map(|payment| (payment.to, payment.amount)).collect();
        assert_eq!(all, to);
        assert!(payments(&[]).is_empty());
    }
}
