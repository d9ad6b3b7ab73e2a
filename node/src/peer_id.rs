//! A network identity as libp2p writes it (`12D3KooW…`): base58 of the identity multihash of the encoded public key.

use types::PeerKey;

/// Multihash "identity" of 36 bytes, then protobuf: key type 1 (Ed25519), 32 bytes of data.
const HEAD: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The text of an identity.
#[must_use]
pub fn text(peer: &PeerKey) -> String {
    base58(&[HEAD.as_slice(), peer.as_bytes()].concat())
}

/// The identity that a text names; nothing when it is none of ours.
#[must_use]
pub fn parse(text: &str) -> Option<PeerKey> {
    // 38 bytes have 52 digits.
    if text.len() != 52 {
        return None;
    }
    let mut bytes = [0_u8; HEAD.len() + 32];
    for letter in text.bytes() {
        let mut carry = u32::try_from(ALPHABET.iter().position(|known| *known == letter)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    let key: [u8; 32] = bytes.strip_prefix(&HEAD)?.try_into().ok()?;
    // The same key has no second text.
    Some(PeerKey(key)).filter(|peer| self::text(peer) == text)
}

fn base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = u8::try_from(carry % 58).expect("a remainder of 58 fits a byte");
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).expect("a remainder of 58 fits a byte"));
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = std::iter::repeat_n(0, zeros).chain(digits.into_iter().rev());
    digits.map(|digit| char::from(ALPHABET[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key is that of the test vector in libp2p's peer id specification.
    #[test]
    fn an_identity_is_written_as_libp2p_writes_it() {
        let mut key = [0; 32];
        let digits = "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
        hex::decode_to_slice(digits, &mut key).expect("hexadecimal digits");
        assert_eq!(text(&PeerKey(key)), "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq");
        assert_eq!(base58(&[0, 0, 1]), "112");
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        for first in 0..=255 {
            let peer = PeerKey([first; 32]);
            assert_eq!(parse(&text(&peer)), Some(peer));
        }
        let good = text(&PeerKey([9; 32]));
        let wrong = [&good[1..], &good.replace('D', "0"), &format!("{good}1"), &"z".repeat(52), &"1".repeat(52), ""];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
