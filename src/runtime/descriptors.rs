//! How many files the process may open, and who gets them. The admin API, the probes and the process
//! itself come first; of the rest, idle upstream connections get up to a quarter, and clients half of what
//! remains: a request holds one connection of a client and one to an endpoint.

use super::StartError;
use crate::config::Config;

/// Files of the process itself: standard streams, logs, configuration, polling, signals, name resolution.
const OWN: usize = 24;
/// Connections to an endpoint that probing has open at a time.
const PROBES: usize = 2;
/// Connections of the admin API at most, and at least.
const ADMIN: (usize, usize) = (128, 4);

/// What is divided at the start. The rest is for clients, and divided again with each configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    limit: usize,
    /// Idle upstream connections.
    idle: usize,
    /// Connections of the admin API.
    pub admin: usize,
}

impl Descriptors {
    /// What the limit of this process allows.
    ///
    /// # Errors
    /// So few files that no client could be served.
    pub fn of_process(config: &Config) -> Result<Self, StartError> {
        let soft = rlimit::Resource::NOFILE.get_soft();
        // Where the limit cannot be read, none is kept.
        let soft = soft.unwrap_or(u64::MAX);
        let limit = usize::try_from(soft).unwrap_or(usize::MAX);
        Self::divide(limit, config).ok_or(StartError::Descriptors { limit })
    }

    /// Divides `limit` files. `None` if nothing is left for a client or an endpoint.
    fn divide(limit: usize, config: &Config) -> Option<Self> {
        let admin = (limit / 16).clamp(ADMIN.1, ADMIN.0);
        let rest = limit.checked_sub(fixed(config) + admin)?;
        let idle = (config.upstream.pool_size as usize).min(rest / 4);
        let divided = Self { limit, idle, admin };
        (idle > 0 && divided.max_clients(config).is_some()).then_some(divided)
    }

    /// Client connections of one listener. `None`: not one.
    fn max_clients(&self, config: &Config) -> Option<usize> {
        let rest = self
            .limit
            .checked_sub(fixed(config) + self.admin + self.idle)?;
        Some(rest / 2 / listeners(config)).filter(|clients| *clients > 0)
    }

    /// Lowers what a configuration asks for to what is available; returns what was lowered, if anything.
    ///
    /// # Errors
    /// Its listeners and endpoints need all descriptors; none would be left for a client.
    pub fn clamp(&self, config: &mut Config) -> Result<Option<String>, StartError> {
        let max_clients = self.max_clients(config);
        let max_clients = max_clients.ok_or(StartError::Descriptors { limit: self.limit })?;
        let (clients, idle) = (config.path.max_clients, config.upstream.pool_size);
        config.path.max_clients = clients.min(figure(max_clients));
        config.upstream.pool_size = idle.min(figure(self.idle));
        let mut lowered = Vec::new();
        if config.path.max_clients < clients {
            let now = config.path.max_clients;
            lowered.push(format!(
                "path.max_clients is lowered from {clients} to {now} for each listener"
            ));
        }
        if config.upstream.pool_size < idle {
            let now = config.upstream.pool_size;
            lowered.push(format!(
                "upstream.pool_size is lowered from {idle} to {now}"
            ));
        }
        Ok((!lowered.is_empty()).then(|| {
            format!(
                "this process may open {} files: {}; raise the hard limit (`ulimit -Hn`, LimitNOFILE) for more",
                self.limit,
                lowered.join(", ")
            )
        }))
    }
}

fn listeners(config: &Config) -> usize {
    config.services.len().max(1)
}

/// Files that a configuration takes whatever the load is.
fn fixed(config: &Config) -> usize {
    let services = config.services.values();
    let endpoints: usize = services.map(|one| one.endpoints.len()).sum();
    OWN + listeners(config) + endpoints * PROBES
}

fn figure(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Raises the soft limit of open files to the hard one. Soft limits are low for programs that use `select`.
pub fn raise_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Service;

    fn config(listeners: usize) -> Config {
        let mut config = Config::default();
        for n in 0..listeners {
            config.services.insert(format!("s{n}"), Service::default());
        }
        config
    }

    #[test]
    fn all_that_is_divided_is_within_the_limit() {
        for limit in 0..5_000 {
            for listeners in 1..4 {
                let mut config = config(listeners);
                let Some(descriptors) = Descriptors::divide(limit, &config) else {
                    assert!(limit < 64, "{limit}");
                    continue;
                };
                descriptors.clamp(&mut config).unwrap();
                let clients = config.path.max_clients as usize * listeners;
                let idle = config.upstream.pool_size as usize;
                let used = OWN + listeners + descriptors.admin + 2 * clients + idle;
                assert!(clients > 0 && used <= limit, "{limit}");
            }
        }
    }

    #[test]
    fn a_high_limit_leaves_the_configuration_as_it_is() {
        let mut config = config(2);
        let descriptors = Descriptors::divide(1 << 20, &config).unwrap();
        assert_eq!(descriptors.clamp(&mut config).unwrap(), None);
        assert_eq!(config.path, Config::default().path);
    }

    #[test]
    fn what_is_lowered_is_said_with_its_figures_and_a_second_time_nothing_is() {
        let mut config = config(1);
        let descriptors = Descriptors::divide(64, &config).unwrap();
        let said = descriptors.clamp(&mut config).unwrap().unwrap();
        assert!(said.contains("64 files"), "{said}");
        assert!(said.contains("from 10000 to 13 "), "{said}");
        assert!(said.contains("from 128 to 8"), "{said}");
        assert_eq!(descriptors.clamp(&mut config).unwrap(), None);
    }

    #[test]
    fn another_configuration_divides_anew_and_one_with_too_many_listeners_is_refused() {
        let descriptors = Descriptors::divide(128, &config(1)).unwrap();
        let clients = |listeners| {
            let mut config = config(listeners);
            descriptors.clamp(&mut config)?;
            Ok::<_, StartError>(config.path.max_clients)
        };
        let (one, three) = (clients(1).unwrap(), clients(3).unwrap());
        assert!(
            three < one && 3 * three <= one && three > 0,
            "{one} {three}"
        );
        assert_eq!(clients(1).unwrap(), one);
        assert!(clients(100).is_err());
    }

    #[test]
    fn what_stays_is_not_said_to_be_lowered() {
        let mut config = config(1);
        let descriptors = Descriptors::divide(4096, &config).unwrap();
        let said = descriptors.clamp(&mut config).unwrap().unwrap();
        assert!(said.contains("path.max_clients"), "{said}");
        assert!(!said.contains("upstream.pool_size"), "{said}");
    }
}
