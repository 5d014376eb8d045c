//! Tokens of endpoints: what stands in a transaction id to say which server the transaction lives on.
//! Any instance with the same configuration makes the same tokens, so no table of transactions is kept.

/// Base-36 digits of a token.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The length of a token: enough for 36^8 endpoints.
pub const TOKEN_LENGTH: usize = 8;

/// The token of an endpoint, `[a-z0-9]{8}`, made from its configured name and its `host:port`. An endpoint
/// that is pointed at another server gets another token: it must not receive the transactions of the
/// server that had its name before.
pub fn endpoint_token(name: &str, address: &str) -> String {
    let mut hash = blake3::Hasher::new();
    for part in [name, &address.to_ascii_lowercase()] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let first = digest.as_bytes().iter().take(8);
    let mut rest = first.fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let mut token = String::with_capacity(TOKEN_LENGTH);
    for _ in 0..TOKEN_LENGTH {
        let digit = usize::try_from(rest % 36).unwrap_or_default();
        token.push(DIGITS.get(digit).copied().map_or('0', char::from));
        rest /= 36;
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_changes_with_the_name_and_with_the_address() {
        let token = endpoint_token("a", "db:7474");
        assert_eq!(token, endpoint_token("a", "DB:7474"), "hosts have no case");
        for (name, address) in [
            ("b", "db:7474"),
            ("a", "db2:7474"),
            ("a", "db:7475"),
            ("ad", "b:7474"),
        ] {
            assert_ne!(token, endpoint_token(name, address));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(token.len() == TOKEN_LENGTH && token.chars().all(plain));
    }
}
