//! The tags of what this module hashes and devices sign.
//!
//! It must not know how the bytes behind a tag are laid out; `statements` does.

use crypto::tags::Tag;

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* pub const $name: Tag = Tag::new($text);)+

        /// Every tag of this module.
        pub const ALL: &[Tag] = &[$($name),+];
    };
}

tags! {
    /// Id of a key, and of the device that was registered with it: over algorithm and key.
    DEVICE = "thronos/device";
    /// What a device signs to be registered.
    REGISTRATION = "thronos/vidreg";
    /// What both keys sign for a rotation.
    ROTATION = "thronos/vidrot";
    /// What the old key signs against an announced rotation.
    CANCELLATION = "thronos/vidcan";
    /// The value of a beacon.
    BEACON = "thronos/vidbeac";
    /// What a coinbase binds for a work attestation.
    WORK_BINDING = "thronos/vidwork";
    /// What a device signs for a work attestation.
    WORK_STATEMENT = "thronos/vidwsig";
    /// What a device signs to answer a challenge.
    CHALLENGE = "thronos/vidchal";
    /// What an older device answers with, by its secret.
    CHALLENGE_MAC = "thronos/vidmac";
    /// What a TPM quotes to answer a challenge.
    CHALLENGE_TPM = "thronos/vidtpm";
    /// What a customer signs for a token.
    TOKEN_REQUEST = "thronos/vidtok";
    /// A verification as a leaf of a batch.
    LEAF = "thronos/vidleaf";
    /// Leaves, nodes and root of a batch's tree.
    TREE = "thronos/vidtree";
}
