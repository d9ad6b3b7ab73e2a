//! What one verifier takes, and what its tokens are given by.
//!
//! It must not know keys' lives. Invariants: the signature is checked before the payload is read; a verifier takes one kind, one issuer, one audience
//! and a set of roles (RFC 8725, 3.8 to 3.12); how the holder stands is asked at each use.

use types::ChainId;

use super::claims::{Claims, DeviceNote, Jti, Payload, is_name};
use super::keys::TokenKeys;
use super::kind::{LEEWAY_S, Role, TokenKind};
use super::refused::TokenRefused;
use super::wire::{self, JoseHeader};

/// What a verifier takes.
#[derive(Clone, Debug)]
pub struct TokenTerms {
    /// The kind.
    pub kind: TokenKind,
    /// `iss`; see [`TokenTerms::issuer`].
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// The roles.
    pub roles: &'static [Role],
}

/// What is known of holders now.
pub trait Holders {
    /// Whether a token that says this was taken back.
    fn is_revoked(&self, claims: &Claims) -> bool;
    /// The version of the record that gives a subject this role; nothing where it has it no longer.
    fn version(&self, subject: &str, role: Role) -> Option<u64>;
}

/// A token of these terms that this house signed and that is not over. How its holder stands was not asked, so it is good for nothing but to be
/// judged or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundToken {
    claims: Claims,
    /// From when on it is good, in seconds since 1970.
    begins_s: u64,
}

impl SoundToken {
    /// What it says.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }
}

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// Who holds it: 1 to 256 visible ASCII letters.
    pub subject: &'a str,
    /// One of the terms' roles.
    pub role: Role,
    /// Version of the record that gives the role.
    pub version: u64,
    /// How long it lives, in seconds; never longer than its kind may.
    pub life_s: u64,
    /// Its own name: bytes that nobody can foretell.
    pub jti: Jti,
    /// The device, for a kind that names one.
    pub device: Option<&'a DeviceNote>,
}

impl TokenTerms {
    /// The issuer of a chain: `thr:` and the first eight digits of its id.
    #[must_use]
    pub fn issuer(chain_id: ChainId) -> String {
        format!("thr:{}", short(chain_id))
    }

    /// The audience of a chain's service: its name and the first eight digits of the chain's id, such as `thr-admin:11111111`.
    #[must_use]
    pub fn audience(name: &str, chain_id: ChainId) -> String {
        format!("{name}:{}", short(chain_id))
    }

    /// Gives a token, signed by the key that signs; nothing where the grant is not within the terms.
    #[must_use]
    pub fn issue(&self, keys: &TokenKeys, grant: &Grant<'_>, now_ms: u64) -> Option<String> {
        let names_what_it_should = grant.device.is_some() == self.kind.names_device;
        if !names_what_it_should || !is_name(grant.subject) || !self.roles.contains(&grant.role) {
            return None;
        }
        let iat = now_ms / 1_000;
        let key = keys.signs();
        let (alg, kid, typ) = (key.algorithm().name().into(), key.kid().into(), self.kind.typ.into());
        let payload = Payload {
            aud: self.audience.clone(),
            dev: grant.device.map(|note| note.device.clone()),
            exp: iat.saturating_add(grant.life_s.min(self.kind.life_s_max)),
            iat,
            iss: self.issuer.clone(),
            jti: grant.jti,
            lvl: grant.device.map(|note| note.level),
            nbf: iat,
            role: grant.role,
            sub: grant.subject.to_owned(),
            ver: grant.version,
        };
        let signed = wire::signed(&JoseHeader { alg, kid, typ }, &payload);
        let signature = key.sign(signed.as_bytes())?;
        Some(format!("{signed}.{}", wire::encode(&signature)))
    }

    /// What a token says, if it is taken at this instant in ms since 1970.
    ///
    /// # Errors
    /// [`TokenRefused`], in the order: length, form, header, signature, kind, claims, issuer, audience, life, times, role, revocation, version.
    pub fn verify(
        &self,
        keys: &TokenKeys,
        token: &str,
        holders: &dyn Holders,
        now_ms: u64,
    ) -> Result<Claims, TokenRefused> {
        self.judge(self.open(keys, token, now_ms)?, holders, now_ms)
    }

    /// Reads a token, for which nobody needs to be asked.
    ///
    /// # Errors
    /// [`TokenRefused`], in the order: length, form, header, signature, kind, claims, issuer, audience, life, end.
    pub fn open(&self, keys: &TokenKeys, token: &str, now_ms: u64) -> Result<SoundToken, TokenRefused> {
        let parts = wire::parts(token)?;
        let header: JoseHeader<'_> = wire::object(&parts.header).ok_or(TokenRefused::Header)?;
        if !keys.signed(&header, parts.signed.as_bytes(), &parts.signature, now_ms) {
            return Err(TokenRefused::Signature);
        }
        if header.typ != self.kind.typ {
            return Err(TokenRefused::Kind);
        }
        let payload = Payload::read(&parts.payload).ok_or(TokenRefused::Claims)?;
        self.said(payload, now_ms / 1_000)
    }

    /// Whether a token that was read is taken at this instant in ms since 1970, as its holder stands now.
    ///
    /// # Errors
    /// [`TokenRefused`], in the order: begin, role, revocation, version.
    pub fn judge(&self, sound: SoundToken, holders: &dyn Holders, now_ms: u64) -> Result<Claims, TokenRefused> {
        let SoundToken { claims, begins_s } = sound;
        if (now_ms / 1_000).saturating_add(LEEWAY_S) < begins_s {
            return Err(TokenRefused::Early);
        }
        if !self.roles.contains(&claims.role) {
            return Err(TokenRefused::Role);
        }
        if holders.is_revoked(&claims) {
            return Err(TokenRefused::Revoked);
        }
        if holders.version(&claims.subject, claims.role) != Some(claims.version) {
            return Err(TokenRefused::Version);
        }
        Ok(claims)
    }

    /// Judges what a token says that this house signed.
    fn said(&self, payload: Payload, now_s: u64) -> Result<SoundToken, TokenRefused> {
        let Payload { aud, dev, exp, iat, iss, jti, lvl, nbf, role, sub, ver } = payload;
        let device = match (dev, lvl) {
            (Some(device), Some(level)) if self.kind.names_device => Some(DeviceNote { device, level }),
            (None, None) if !self.kind.names_device => None,
            _ => return Err(TokenRefused::Claims),
        };
        if iss != self.issuer {
            return Err(TokenRefused::Issuer);
        }
        if aud != self.audience {
            return Err(TokenRefused::Audience);
        }
        let life_s = exp.checked_sub(iat).filter(|life_s| (1..=self.kind.life_s_max).contains(life_s));
        if life_s.is_none() || nbf > exp {
            return Err(TokenRefused::Life);
        }
        if now_s >= exp.saturating_add(LEEWAY_S) {
            return Err(TokenRefused::Expired);
        }
        let claims = Claims { subject: sub, role, version: ver, jti, issued_s: iat, expires_s: exp, device };
        Ok(SoundToken { claims, begins_s: nbf.max(iat) })
    }
}

fn short(chain_id: ChainId) -> String {
    chain_id.0.to_string().chars().take(8).collect()
}
