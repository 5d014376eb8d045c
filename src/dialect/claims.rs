//! The claims of tokens (JWT) in a request's headers, read without verifying them: they only ever
//! shorten or forbid storing. What is no token is a plain key or password, and has no claims.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::header::HeaderValue;
use json_reader::Json;

/// The longest token that is read; a longer one is not stored for.
const MAX_TOKEN: usize = 16 << 10;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the tokens of a request say about storing its response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claims {
    /// When the first of them ends, in seconds since 1970.
    pub expires: Option<u64>,
    /// Why nothing may be stored.
    pub doubt: Option<&'static str>,
}

impl Claims {
    /// The claims of all these header values together.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        values
            .into_iter()
            .map(read)
            .fold(Self::default(), Self::and)
    }

    fn doubtful(why: &'static str) -> Self {
        Self {
            doubt: Some(why),
            ..Self::default()
        }
    }

    fn and(self, other: Self) -> Self {
        let ends = [self.expires, other.expires].into_iter().flatten();
        Self {
            expires: ends.min(),
            doubt: self.doubt.or(other.doubt),
        }
    }
}

/// The claims of one header value. What cannot be a token is a plain key: it has none.
fn read(value: &HeaderValue) -> Claims {
    let bytes = value.as_bytes();
    let token = bytes
        .rsplit(|byte| *byte == b' ')
        .next()
        .unwrap_or_default();
    let mut parts = token.split(|byte| *byte == b'.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Claims::default();
    };
    if token.len() > MAX_TOKEN {
        return Claims::doubtful("unread_token");
    }
    match BASE64.decode(payload) {
        Ok(payload) if payload.trim_ascii_start().starts_with(b"{") => read_payload(&payload),
        _ => Claims::default(),
    }
}

fn read_payload(payload: &[u8]) -> Claims {
    let Ok(payload) = json_reader::parse(payload) else {
        return Claims::doubtful("unread_token");
    };
    // Qdrant: the token stands only while a point exists in another collection.
    if payload
        .get("value_exists")
        .is_some_and(|claim| !claim.is_null())
    {
        return Claims::doubtful("value_exists");
    }
    match payload.get("exp") {
        None | Some(Json::Null) => Claims::default(),
        Some(end) => match end.as_u64() {
            None => Claims::doubtful("unread_token"),
            expires => Claims {
                expires,
                doubt: None,
            },
        },
    }
}
