//! What accounts ask of devices and anchors, what these report, and records that somebody proves: as anybody sends them.
//!
//! Records that a node alone reads from its own state are no bytes of strangers; those that a wallet reads from a proof are.

use anchors::{AnchorsEvent, AttestationPayload, FlatJson, ServicePayload};
use borsh::BorshDeserialize;
use execution::Module;
use types::{Address, Canonical, Hash32, Network, TimeMs};
use verifyid::{DeviceId, DeviceKey, VerifyIdEvent};

/// A call: one encoding, a verdict without state, and a weight above zero.
fn call<M: Module>(module: &M, data: &[u8])
where
    M::Call: Canonical,
{
    let Ok(call) = M::Call::from_canonical(data) else { return };
    assert!(data.len() <= M::Call::BYTES_MAX, "accepted {} bytes, above the bound of the type", data.len());
    assert_eq!(call.to_canonical(), data, "a second encoding of the same call");
    if let Ok(weight) = module.check(&call) {
        assert!(weight.0 > 0, "nothing is for nothing");
    }
}

/// An event: its number is that of its kind, it is told under that and under no other, and has one encoding.
fn event<M: Module, E: BorshDeserialize + borsh::BorshSerialize>(module: &M, data: &[u8], kind_of: fn(&E) -> u16) {
    let Ok(event) = E::try_from_slice(data) else {
        let told = data.first().and_then(|first| module.describe_event(u16::from(*first) + 1, data));
        return assert!(told.is_none(), "what does not read is not told");
    };
    assert_eq!(
        borsh::to_vec(&event).expect("writing to memory cannot fail"),
        data,
        "a second encoding of the same event"
    );
    let kind = kind_of(&event);
    assert_eq!(usize::from(kind), usize::from(data[0]) + 1);
    assert!(module.describe_event(kind, data).is_some() && module.describe_event(kind + 1, data).is_none());
}

/// A call to verifyid.
pub fn verifyid_call(data: &[u8]) {
    call(&verifyid::VerifyId, data);
}

/// An event of verifyid.
pub fn verifyid_event(data: &[u8]) {
    event(&verifyid::VerifyId, data, VerifyIdEvent::kind);
}

/// The record of a device, as a node proves it: an answer or none, and a level that a device can have.
pub fn verifyid_device(data: &[u8]) {
    let id = DeviceId(Hash32([7; 32]));
    for now in [0, 1_800_000_000_000, u64::MAX] {
        if let Some(device) = verifyid::read_device(&id, data, TimeMs(now)) {
            assert!(device.device == id && device.level.is_none_or(|level| level <= 4), "{device:?}");
        }
    }
}

/// A key of a device: the first byte is its algorithm. What is a key has one form, and no signature is panicked over.
pub fn verifyid_key(data: &[u8]) {
    let Some((algorithm, rest)) = data.split_first() else { return };
    let (key, signature) = rest.split_at(rest.len().min(if *algorithm == 1 { 32 } else { 33 }));
    let Ok(read) = DeviceKey::read(*algorithm, key) else { return };
    assert_eq!(&read.to_bytes()[..], key, "a second form of the same key");
    assert_eq!(read.id(), verifyid::key_id(*algorithm, key));
    if let Ok(signature) = signature.try_into() {
        let _ = read.signed(b"message", signature);
        let _ = read.signed_digest(&[7; 32], signature);
    }
}

/// The id of a device as people write it.
pub fn verifyid_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for network in [Network::Main, Network::Test] {
        if let Ok(id) = DeviceId::parse(text, network) {
            let written = id.to_text(network);
            assert_eq!(DeviceId::parse(&written, network), Ok(id));
            assert!(written.eq_ignore_ascii_case(text) || text.parse() == Ok(id.0), "{text} is read as {written}");
        }
    }
}

/// A call to anchors.
pub fn anchors_call(data: &[u8]) {
    call(&anchors::Anchors, data);
}

/// An event of anchors.
pub fn anchors_event(data: &[u8]) {
    event(&anchors::Anchors, data, AnchorsEvent::kind);
}

/// The record of a digest, as a node proves it: an answer or none.
pub fn anchors_put(data: &[u8]) {
    let account = Address([7; 20]);
    if let Some(put) = anchors::read_put(&account, "namespace", "key", data) {
        assert_eq!(Some(put.digest.as_bytes().as_slice()), data.get(..32), "the digest stands first");
    }
}

/// What AI services sign: one form, and what reads as one kind of payload does not as the other.
pub fn anchors_payload(data: &[u8]) {
    let service = ServicePayload::read(data).ok().map(|payload| payload.to_bytes());
    let attestation = AttestationPayload::read(data).ok().map(|payload| payload.to_bytes());
    assert!(service.is_none() || attestation.is_none(), "a statement for one thing is one for another");
    if let Some(written) = service.or(attestation) {
        assert_eq!(written, data, "a second form of the same payload");
        assert_eq!(FlatJson::read(data).map(|object| object.to_bytes()), Some(data.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use anchors::AnchorsCall;
    use types::ByteString;
    use verifyid::{AttestWork, Out, VerifyIdCall};

    use super::*;

    /// Every target.
    const TARGETS: [fn(&[u8]); 9] = [
        verifyid_call,
        verifyid_event,
        verifyid_device,
        verifyid_key,
        verifyid_text,
        anchors_call,
        anchors_event,
        anchors_put,
        anchors_payload,
    ];

    /// Good inputs, some of which a target reads.
    fn good() -> Vec<Vec<u8>> {
        let device = DeviceId(Hash32([5; 32]));
        let attest = AttestWork {
            device,
            class: 1,
            beacon: 2,
            valid_until: TimeMs(3),
            signature: ByteString::new(vec![4; 64]).expect("64 bytes"),
            groups: types::List::default(),
        };
        let revoke = VerifyIdCall::Revoke(Out { device, reason: 1 });
        let held = VerifyIdEvent::Held { device, verifier: Address([6; 20]), until: TimeMs(7) };
        let log = AnchorsCall::OpenLog(Hash32([8; 32]));
        let opened = AnchorsEvent::LogOpened { account: Address([6; 20]), log: Hash32([8; 32]) };
        // The key of RFC 8032's first example, and no signature of it.
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = (0..32).map(|place| u8::from_str_radix(&key[2 * place..2 * place + 2], 16).expect("two digits"));
        vec![
            VerifyIdCall::AttestWork(attest).to_canonical(),
            revoke.to_canonical(),
            borsh::to_vec(&held).expect("writing to memory cannot fail"),
            log.to_canonical(),
            borsh::to_vec(&opened).expect("writing to memory cannot fail"),
            [vec![1], key.collect(), vec![9; 64]].concat(),
            device.to_text(Network::Main).into_bytes(),
            device.0.to_string().into_bytes(),
            vec![0; 48],
            br#"{"artifact_type":"model","created_at":1710000000,"service":"demo","tx_type":"AI_ATTESTATION"}"#
                .to_vec(),
        ]
    }

    #[test]
    fn the_targets_take_what_is_good_cut_anywhere_and_with_every_bit_flipped() {
        for input in good() {
            for target in TARGETS {
                target(&input);
                for place in 0..input.len() {
                    target(&input[..place]);
                    for bit in 0..8 {
                        let mut bent = input.clone();
                        bent[place] ^= 1 << bit;
                        target(&bent);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_good_is_read() {
        let good = good();
        assert!(VerifyIdCall::from_canonical(&good[0]).is_ok() && AnchorsCall::from_canonical(&good[3]).is_ok());
        assert!(DeviceKey::read(1, &good[5][1..33]).is_ok());
        assert!(AttestationPayload::read(&good[9]).is_ok());
    }
}
