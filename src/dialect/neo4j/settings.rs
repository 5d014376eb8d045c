//! What the dialect needs to know of its service.

use crate::dialect::registry::ServiceSettings;
use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use std::fmt;

/// One service, as its configuration says.
#[derive(Clone)]
pub struct Neo4jSettings {
    /// The name of the service.
    pub service: String,
    /// The endpoints share one database. Reads then go to the writer unless they carry bookmarks.
    pub cluster: bool,
    /// The tokens of the endpoints.
    pub endpoints: Vec<String>,
    /// Plug-in procedures and functions whose responses may be stored; any case.
    pub pure: Vec<String>,
    /// Headers of the probe credential.
    pub credentials: Vec<(HeaderName, HeaderValue)>,
}

impl Neo4jSettings {
    /// A service with one database server and no credential.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            cluster: false,
            endpoints: Vec::new(),
            pure: Vec::new(),
            credentials: Vec::new(),
        }
    }

    /// The settings of a configured service.
    ///
    /// # Errors
    /// When the credential cannot stand in a header field.
    pub(super) fn of(service: &ServiceSettings<'_>) -> Result<Self, InvalidHeaderValue> {
        Ok(Self {
            service: service.name.to_owned(),
            cluster: service.cluster,
            endpoints: service.endpoints.clone(),
            pure: service.pure.to_vec(),
            credentials: basic(service.user, service.password)?,
        })
    }
}

impl fmt::Debug for Neo4jSettings {
    /// Without the credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neo4jSettings")
            .field("service", &self.service)
            .field("cluster", &self.cluster)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// The field of basic authentication, when there is a user.
fn basic(
    user: Option<&str>,
    password: Option<&str>,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
    let Some(user) = user else {
        return Ok(Vec::new());
    };
    let text = BASE64_STANDARD.encode(format!("{user}:{}", password.unwrap_or_default()));
    let mut value = HeaderValue::from_str(&format!("Basic {text}"))?;
    value.set_sensitive(true);
    Ok(vec![(AUTHORIZATION, value)])
}
