//! Time limits of one attempt. What all attempts of a call have together is its deadline.

use crate::config;
use crate::dialect::Call;
use std::time::Duration;

/// How much longer than the client's own time limit a response is waited for.
const OWN_LIMIT_SLACK: Duration = Duration::from_secs(5);

/// Time limits of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    pub connect: Duration,
    pub send: Duration,
    /// Until the response begins, and for each part of it.
    pub read: Duration,
    pub idle: Duration,
}

impl CallLimits {
    /// The limits of a call.
    pub fn of(call: &Call, upstream: &config::Upstream) -> Self {
        let is_read = call.effect.is_read();
        let usual = match is_read {
            true => upstream.read_timeout,
            false => upstream.write_timeout,
        };
        // The database gives up by itself then; a write may need longer to be undone.
        let own = call.time_limit.map(|limit| limit + OWN_LIMIT_SLACK);
        Self {
            connect: upstream.connect_timeout,
            send: upstream.send_timeout,
            read: match own {
                Some(own) if is_read && call.gives_up_in_time => own,
                Some(own) => own.max(usual),
                None => usual,
            },
            idle: upstream.idle_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CallLimits;
    use crate::config;
    use crate::dialect::{Call, Effect};
    use std::time::Duration;

    #[test]
    fn a_clients_own_time_limit_shortens_a_read_that_the_database_ends_and_otherwise_lengthens() {
        let upstream = config::Upstream {
            read_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(600),
            ..config::Upstream::default()
        };
        let read = |effect, own: Option<u64>, gives_up_in_time| {
            let call = Call {
                effect,
                time_limit: own.map(Duration::from_secs),
                gives_up_in_time,
                ..Call::unknown("test")
            };
            CallLimits::of(&call, &upstream).read.as_secs()
        };
        for (effect, own, expected) in [
            (Effect::Read, None, 60),
            (Effect::Read, Some(10), 15),
            (Effect::Read, Some(100), 105),
            (Effect::Write, None, 600),
            (Effect::Write, Some(10), 600),
            (Effect::Write, Some(1000), 1005),
            (Effect::Unknown, Some(10), 600),
        ] {
            assert_eq!(read(effect, own, true), expected, "{effect:?} {own:?}");
        }
        let past_its_limit = |own| read(Effect::Read, Some(own), false);
        assert_eq!((past_its_limit(10), past_its_limit(100)), (60, 105));
    }
}
