//! Which PCRs a TPM quotes, and which values are demanded.
//!
//! It must not know where the settings come from.

use std::collections::BTreeMap;

use verifyid_tpm::{PcrSelection, PcrState};

use super::refused::TpmRefused;

/// The policy: at least one PCR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PcrPolicy {
    numbers: Vec<u8>,
    selection: PcrSelection,
    demanded: Vec<Option<[u8; 32]>>,
}

impl PcrPolicy {
    /// From texts such as `7`, or `7=` and 64 hexadecimal digits; nothing if one is neither, is there twice, or there is none.
    pub(crate) fn read(texts: &[String]) -> Option<Self> {
        let mut all = BTreeMap::new();
        for text in texts {
            let (number, value) = match text.split_once('=') {
                Some((number, digits)) => (number, Some(value(digits)?)),
                None => (text.as_str(), None),
            };
            let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
            let number: u8 = number.parse().ok().filter(|_| is_plain)?;
            if all.insert(number, value).is_some() {
                return None;
            }
        }
        let (numbers, demanded): (Vec<u8>, Vec<_>) = all.into_iter().unzip();
        let selection = PcrSelection::of(&numbers).filter(|_| !numbers.is_empty())?;
        Some(Self { numbers, selection, demanded })
    }

    /// Their numbers, in order.
    pub(super) fn numbers(&self) -> &[u8] {
        &self.numbers
    }

    /// What a quote of these values is of.
    pub(super) fn state_of(&self, values: &[[u8; 32]]) -> Result<PcrState, TpmRefused> {
        PcrState::of(self.selection, values).ok_or(TpmRefused::PcrCount)
    }

    /// Whether values that were quoted are those that are demanded.
    pub(super) fn allows(&self, values: &[[u8; 32]]) -> Result<(), TpmRefused> {
        let mut each = self.numbers.iter().zip(&self.demanded).zip(values);
        let other = each.find(|((_, demanded), value)| demanded.is_some_and(|demanded| demanded != **value));
        other.map_or(Ok(()), |((number, _), _)| Err(TpmRefused::PcrValue(*number)))
    }
}

fn value(digits: &str) -> Option<[u8; 32]> {
    let mut value = [0; 32];
    hex::decode_to_slice(digits, &mut value).ok().map(|()| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(texts: &[&str]) -> Option<PcrPolicy> {
        PcrPolicy::read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_policy_is_a_set_of_pcrs_of_which_some_have_a_value() {
        let zeros = format!("7={}", "0".repeat(64));
        let read = policy(&[&zeros, "0", "23"]).expect("three");
        assert_eq!(read.numbers(), [0, 7, 23]);
        assert_eq!(read.allows(&[[1; 32], [0; 32], [2; 32]]), Ok(()));
        assert_eq!(read.allows(&[[1; 32], [1; 32], [2; 32]]), Err(TpmRefused::PcrValue(7)));
        assert_eq!(read.state_of(&[[1; 32]; 2]), Err(TpmRefused::PcrCount));
        let short = format!("7={}", "0".repeat(63));
        for wrong in [
            &[][..],
            &["24"],
            &["256"],
            &["-1"],
            &["+1"],
            &[""],
            &["a"],
            &["1", "1"],
            &["1", "01"],
            &["7="],
            &[&short],
            &["7=z"],
            &["sha1:0"],
        ] {
            assert_eq!(policy(wrong), None, "{wrong:?}");
        }
    }
}
