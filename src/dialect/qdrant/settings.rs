//! What the dialect needs to know of its service.

use crate::dialect::registry::ServiceSettings;
use http::header::{HeaderName, HeaderValue, InvalidHeaderValue};

/// One service, as its configuration says.
#[derive(Clone, Default)]
pub struct QdrantSettings {
    /// Headers of credentialed probes and metadata queries.
    pub probe_headers: Vec<(HeaderName, HeaderValue)>,
    /// Replicas that a shard has, 0 when that is not known. With two or more, a read that one
    /// replica's rate limit refused may go to another endpoint.
    pub replicas: usize,
}

impl QdrantSettings {
    /// The settings of a configured service.
    ///
    /// # Errors
    /// When the API key cannot stand in a header.
    pub(super) fn of(service: &ServiceSettings<'_>) -> Result<Self, InvalidHeaderValue> {
        let plain = Self {
            replicas: service.endpoints.len(),
            ..Self::default()
        };
        match service.api_key {
            Some(key) => plain.with_api_key(key),
            None => Ok(plain),
        }
    }

    /// Probes carry this API key.
    ///
    /// # Errors
    /// When the key cannot stand in a header.
    pub fn with_api_key(mut self, key: &str) -> Result<Self, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(key)?;
        value.set_sensitive(true);
        self.probe_headers
            .push((HeaderName::from_static("api-key"), value));
        Ok(self)
    }
}
