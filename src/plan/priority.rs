//! Priority: 1..=10, larger is more important. Premium users go first, the most complex requests last.

use super::Complexity;

/// The priority of a request that nothing raises or lowers.
pub const USUAL: u8 = 5;

/// The priority of a request. An empty prefix matches no user.
pub fn of(user: Option<&str>, premium_prefix: &str, complexity: Complexity) -> u8 {
    let premium =
        !premium_prefix.is_empty() && user.is_some_and(|user| user.starts_with(premium_prefix));
    match complexity {
        _ if premium => 8,
        Complexity::VeryComplex => 3,
        _ => USUAL,
    }
}

/// The priority of a request that needs more than is left.
pub fn lowered(priority: u8) -> u8 {
    priority.saturating_sub(2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premium_users_come_first_and_very_complex_requests_last() {
        let of = |user, complexity| super::of(user, "premium_", complexity);
        assert_eq!(of(Some("premium_ada"), Complexity::VeryComplex), 8);
        assert_eq!(of(Some("ada"), Complexity::VeryComplex), 3);
        assert_eq!(of(None, Complexity::Complex), 5);
        assert_eq!(of(Some("not_premium_ada"), Complexity::Simple), 5);
    }

    #[test]
    fn an_empty_prefix_matches_no_user() {
        assert_eq!(of(Some("ada"), "", Complexity::Simple), 5);
    }
}
