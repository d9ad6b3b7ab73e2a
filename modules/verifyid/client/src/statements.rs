//! Calls that a device's key has to sign for: registering it, giving it another key, and dropping a key that was announced.
//!
//! It must not know where keys lie, nor who sends the call.

use types::{Address, ChainId, Hash32, TimeMs};
use verifyid::{CancelRotation, DeviceId, Kind, Register, Registration, Rotate, Rotation, VerifyIdCall};

use crate::key_file::DeviceKeyFile;

/// For which chain and until when a device gives its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceWord {
    /// The chain.
    pub chain_id: ChainId,
    /// No block later than this.
    pub valid_until: TimeMs,
}

/// Registers the device whose first key this is: `sender` sends it, `owner` is to own it.
#[must_use]
pub fn registration(
    key: &DeviceKeyFile,
    kind: Kind,
    (sender, owner): (Address, Address),
    word: DeviceWord,
) -> VerifyIdCall {
    let DeviceWord { chain_id, valid_until } = word;
    let device = DeviceId(key.key_id());
    let statement = Registration { chain_id, device, owner, sender, kind: kind as u8, valid_until };
    VerifyIdCall::Register(Register {
        owner,
        kind: kind as u8,
        algorithm: key.algorithm() as u8,
        key: key.key_bytes(),
        valid_until,
        possession: key.sign(&statement.to_bytes()),
    })
}

/// Gives a device another key, at once where the old one signs too. `rotation` is how many times its key has changed.
#[must_use]
pub fn rotation(
    device: DeviceId,
    rotation: u32,
    (new, old): (&DeviceKeyFile, Option<&DeviceKeyFile>),
    word: DeviceWord,
) -> VerifyIdCall {
    let bytes = statement((device, rotation), new.key_id(), word).to_bytes();
    VerifyIdCall::Rotate(Rotate {
        device,
        algorithm: new.algorithm() as u8,
        key: new.key_bytes(),
        valid_until: word.valid_until,
        new_signature: new.sign(&bytes),
        old_signature: old.map(|old| old.sign(&bytes)),
    })
}

/// Drops a key that was announced for a device, by the word of its present key.
#[must_use]
pub fn cancellation(
    (device, rotation): (DeviceId, u32),
    announced: Hash32,
    key: &DeviceKeyFile,
    word: DeviceWord,
) -> VerifyIdCall {
    let bytes = statement((device, rotation), announced, word).cancellation();
    let signature = Some(key.sign(&bytes));
    VerifyIdCall::CancelRotation(CancelRotation { device, valid_until: word.valid_until, signature })
}

fn statement((device, rotation): (DeviceId, u32), new_key: Hash32, word: DeviceWord) -> Rotation {
    let DeviceWord { chain_id, valid_until } = word;
    Rotation { chain_id, device, number: rotation.saturating_add(1), new_key, valid_until }
}
