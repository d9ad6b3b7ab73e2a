//! Why bytes are no structure of a TPM that is taken here, one name per cause.

use core::fmt;

/// Why bytes are not read. Numbers are those that were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TpmFormError {
    /// It ends before its last field.
    Short,
    /// Bytes follow behind its last field.
    Trailing,
    /// The length in front is not that of what follows.
    Size,
    /// A field has another length than its kind has: numbers are padded to their full width.
    FieldLength,
    /// The key is neither RSA nor of a curve.
    KeyType(u16),
    /// The key is not named by SHA-256.
    NameAlgorithm(u16),
    /// Attributes are set that have no meaning.
    Attributes(u32),
    /// The symmetric cipher is not AES.
    SymmetricAlgorithm(u16),
    /// The symmetric key has not 128 bits.
    SymmetricBits(u16),
    /// The mode of the symmetric cipher is not CFB.
    SymmetricMode(u16),
    /// The key signs by a scheme that is not taken.
    Scheme(u16),
    /// The hash is not SHA-256.
    HashAlgorithm(u16),
    /// The curve is not P-256.
    Curve(u16),
    /// The key derives others, by this function.
    KeyDerivation(u16),
    /// The RSA key has not 2,048 bits.
    KeyBits(u16),
    /// The exponent of the RSA key is not 65,537.
    Exponent(u32),
    /// The modulus of the RSA key is none of 2,048 bits.
    Modulus,
    /// The point is not on the curve.
    Point,
    /// It does not begin as what a TPM attests: anybody could have had it signed.
    Magic(u32),
    /// It attests something else than PCRs.
    AttestType(u16),
    /// Whether the clock is safe is neither yes nor no.
    Safe(u8),
    /// The PCRs are not those of exactly one bank.
    PcrBanks(u32),
    /// The bank of PCRs is not that of SHA-256.
    PcrBank(u16),
    /// The signature is neither ECDSA nor RSASSA.
    SignatureAlgorithm(u16),
}

impl TpmFormError {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Short => "tpm_short",
            Self::Trailing => "tpm_trailing",
            Self::Size => "tpm_size",
            Self::FieldLength => "tpm_field_length",
            Self::KeyType(_) => "tpm_key_type",
            Self::NameAlgorithm(_) => "tpm_name_algorithm",
            Self::Attributes(_) => "tpm_attributes",
            Self::SymmetricAlgorithm(_) => "tpm_symmetric_algorithm",
            Self::SymmetricBits(_) => "tpm_symmetric_bits",
            Self::SymmetricMode(_) => "tpm_symmetric_mode",
            Self::Scheme(_) => "tpm_scheme",
            Self::HashAlgorithm(_) => "tpm_hash_algorithm",
            Self::Curve(_) => "tpm_curve",
            Self::KeyDerivation(_) => "tpm_key_derivation",
            Self::KeyBits(_) => "tpm_key_bits",
            Self::Exponent(_) => "tpm_exponent",
            Self::Modulus => "tpm_modulus",
            Self::Point => "tpm_point",
            Self::Magic(_) => "tpm_magic",
            Self::AttestType(_) => "tpm_attest_type",
            Self::Safe(_) => "tpm_safe",
            Self::PcrBanks(_) => "tpm_pcr_banks",
            Self::PcrBank(_) => "tpm_pcr_bank",
            Self::SignatureAlgorithm(_) => "tpm_signature_algorithm",
        }
    }
}

impl fmt::Display for TpmFormError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => {
                to.write_str("it ends before its last field: send the whole file that the TPM's tools wrote")
            }
            Self::Trailing => to.write_str("bytes follow behind its last field: send the file alone"),
            Self::Size => to.write_str("the length in front is not that of what follows: send the file unchanged"),
            Self::FieldLength => to.write_str("a field has another length than its kind has: send the file unchanged"),
            Self::KeyType(found) => {
                write!(to, "keys of the type {found:#06x} are not taken: make one of P-256 or RSA-2048")
            }
            Self::NameAlgorithm(found) => {
                write!(to, "the key is named by the hash {found:#06x}: make one whose name is by SHA-256")
            }
            Self::Attributes(found) => {
                write!(to, "the attributes {found:#010x} have bits without a meaning: make another key")
            }
            Self::SymmetricAlgorithm(found) => {
                write!(to, "the cipher {found:#06x} is not taken: make a key with AES-128 in the mode CFB")
            }
            Self::SymmetricBits(found) => write!(to, "AES with {found} bits is not taken: make a key with AES-128"),
            Self::SymmetricMode(found) => {
                write!(to, "the mode {found:#06x} is not taken: make a key with AES-128 in the mode CFB")
            }
            Self::Scheme(found) => write!(to, "the scheme {found:#06x} is not taken: make a key with ECDSA or RSASSA"),
            Self::HashAlgorithm(found) => write!(to, "the hash {found:#06x} is not taken: use SHA-256"),
            Self::Curve(found) => write!(to, "the curve {found:#06x} is not taken: use P-256"),
            Self::KeyDerivation(found) => write!(to, "the key derives others by {found:#06x}: make one that does not"),
            Self::KeyBits(found) => write!(to, "RSA with {found} bits is not taken: make a key of 2,048 bits"),
            Self::Exponent(found) => write!(to, "the exponent {found} is not taken: make a key with 65,537"),
            Self::Modulus => to.write_str("the modulus is none of an RSA key of 2,048 bits: make another key"),
            Self::Point => to.write_str("the point is not on the curve: send the key as the TPM gave it"),
            Self::Magic(found) => {
                write!(to, "it begins with {found:#010x}, so no TPM made it: send what the quote says")
            }
            Self::AttestType(found) => write!(to, "it attests {found:#06x}: ask the TPM for a quote"),
            Self::Safe(found) => write!(to, "whether the clock is safe is {found}: send the quote unchanged"),
            Self::PcrBanks(found) => write!(to, "it has PCRs of {found} banks: ask for those of SHA-256 alone"),
            Self::PcrBank(found) => write!(to, "it has PCRs of the bank {found:#06x}: ask for those of SHA-256"),
            Self::SignatureAlgorithm(found) => {
                write!(to, "signatures by {found:#06x} are not taken: make a key with ECDSA or RSASSA")
            }
        }
    }
}

impl core::error::Error for TpmFormError {}
