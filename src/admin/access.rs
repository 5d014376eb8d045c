//! Who may do what: two tokens, two roles. Without any token, callers on this machine may do
//! everything and all others nothing. Tokens are compared in constant time and never printed.

use crate::config;
use axum::http::{HeaderMap, Method, header};
use std::fmt;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// What a caller may do. A larger role includes the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdminRole {
    /// May see whether the process lives and is ready.
    Anyone,
    /// May see everything.
    Read,
    /// May change things.
    Operate,
}

/// The tokens, kept as digests.
#[derive(Default)]
pub struct Credentials {
    operate: Option<Digest>,
    read: Option<Digest>,
}

type Digest = [u8; blake3::OUT_LEN];

/// Why a caller is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No token, or an unknown one.
    Unknown,
    /// A good token of a smaller role.
    Role,
    /// No token is configured, and the caller is not on this machine.
    Remote,
    /// No token that may operate is configured.
    NoOperator,
}

/// Paths that anyone may read.
const OPEN: [&str; 3] = ["/livez", "/readyz", "/api/performance/health"];

impl AdminRole {
    /// The role that a request needs. Whatever is not plainly a read needs [`AdminRole::Operate`].
    pub fn needed(method: &Method, path: &str) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        match (reads, OPEN.contains(&path)) {
            (true, true) => AdminRole::Anyone,
            (true, false) => AdminRole::Read,
            (false, _) => AdminRole::Operate,
        }
    }
}

impl Credentials {
    /// The tokens of a configuration. An empty token counts as not set.
    pub fn of(admin: &config::Admin) -> Self {
        let digest = |secret: &Option<config::Secret>| {
            let token = secret.as_ref().map(|secret| secret.0.as_bytes())?;
            (!token.is_empty()).then(|| digest(token))
        };
        Self {
            operate: digest(&admin.operate_token),
            read: digest(&admin.read_token),
        }
    }

    /// Whether any token is configured.
    pub fn any(&self) -> bool {
        self.operate.is_some() || self.read.is_some()
    }

    /// Whether the caller may do what needs `needed`.
    pub fn allow(
        &self,
        needed: AdminRole,
        peer: IpAddr,
        headers: &HeaderMap,
    ) -> Result<(), Denied> {
        if needed == AdminRole::Anyone {
            return Ok(());
        }
        if !self.any() {
            let here = peer.to_canonical().is_loopback();
            return if here { Ok(()) } else { Err(Denied::Remote) };
        }
        match self.role(headers) {
            None => Err(Denied::Unknown),
            Some(role) if role >= needed => Ok(()),
            Some(_) if self.operate.is_none() => Err(Denied::NoOperator),
            Some(_) => Err(Denied::Role),
        }
    }

    /// The role of the token that the caller shows. Both tokens are always compared.
    fn role(&self, headers: &HeaderMap) -> Option<AdminRole> {
        let shown = digest(bearer(headers)?);
        let is = |token: &Option<Digest>| token.is_some_and(|token| token.ct_eq(&shown).into());
        let (operate, read) = (is(&self.operate), is(&self.read));
        operate
            .then_some(AdminRole::Operate)
            .or(read.then_some(AdminRole::Read))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("operate", &self.operate.is_some())
            .field("read", &self.read.is_some())
            .finish()
    }
}

/// Digests have one length, so that comparing them does not leak a token's length.
fn digest(token: &[u8]) -> Digest {
    *blake3::hash(token).as_bytes()
}

/// The token of the one `Authorization: Bearer` field.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}
