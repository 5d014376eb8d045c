//! Responses of an endpoint that their clients hold up. They are not in flight and only take a connection
//! each. Their number is bounded: past the bound, the client address with the most of them loses the one
//! that stalled first, so that no address takes what is there for all.

use super::EndpointState;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// The stalled responses of one endpoint.
#[derive(Debug, Default)]
pub struct StalledResponses(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// By client address, in the order in which they stalled. A sender that is dropped evicts its response.
    by_client: HashMap<IpAddr, BTreeMap<u64, oneshot::Sender<()>>>,
    count: usize,
    last: u64,
}

/// One stalled response; it leaves the table when this is dropped.
#[derive(Debug)]
pub struct Stall {
    state: Arc<EndpointState>,
    client: IpAddr,
    number: u64,
    evicted: oneshot::Receiver<()>,
}

impl StalledResponses {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().count
    }
}

impl Stall {
    /// Adds a response of this client. Where there are more than `limit` then, one is evicted.
    pub(super) fn begin(state: &Arc<EndpointState>, client: IpAddr, limit: u32) -> Self {
        let (evict, evicted) = oneshot::channel();
        let mut table = state.stalled.0.lock();
        let number = table.add(client, evict);
        if table.count > limit as usize {
            table.evict();
        }
        drop(table);
        Self {
            state: Arc::clone(state),
            client,
            number,
            evicted,
        }
    }

    /// Ready when the response must make room for others. Not to be polled again then.
    pub(super) fn poll_evicted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.evicted).poll(cx).map(drop)
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        let mut table = self.state.stalled.0.lock();
        table.remove(self.client, self.number);
    }
}

impl Table {
    fn add(&mut self, client: IpAddr, evict: oneshot::Sender<()>) -> u64 {
        self.last += 1;
        self.count += 1;
        let of_client = self.by_client.entry(client).or_default();
        of_client.insert(self.last, evict);
        self.last
    }

    fn remove(&mut self, client: IpAddr, number: u64) {
        let Some(of_client) = self.by_client.get_mut(&client) else {
            return;
        };
        if of_client.remove(&number).is_some() {
            self.count -= 1;
        }
        if of_client.is_empty() {
            self.by_client.remove(&client);
        }
    }

    /// Evicts the response that stalled first, of the client address that has most.
    fn evict(&mut self) {
        let first = |of_client: &BTreeMap<u64, _>| of_client.keys().next().copied();
        let most = self
            .by_client
            .iter()
            .max_by_key(|(_, of_client)| (of_client.len(), Reverse(first(of_client))))
            .and_then(|(client, of_client)| Some((*client, first(of_client)?)));
        if let Some((client, number)) = most {
            self.remove(client, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::balance::testing::World;
    use crate::dialect::Fault;
    use crate::endpoint::{Evidence, Permit};
    use balancing::policies::Strategy::LeastConnections;
    use std::net::IpAddr;
    use std::task::{Context, Poll, Waker};

    /// The last number of a client's address.
    fn client(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    fn is_evicted(permit: &mut Permit) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        permit.poll_evicted(&mut context) == Poll::Ready(())
    }

    /// A world of one endpoint with `max_connections: limit`, and the permits of responses that these clients hold up.
    fn stalled(limit: u32, clients: &[u8]) -> (World, Vec<Permit>) {
        let mut endpoint = crate::balance::testing::endpoint("a", 1.0);
        endpoint.max_connections = limit;
        let world = World::new(LeastConnections, vec![endpoint]);
        let permit = |last: &u8| {
            let mut permit = world.route().permit;
            permit.stall(client(*last));
            permit
        };
        let permits = clients.iter().map(permit).collect();
        (world, permits)
    }

    #[test]
    fn a_stalled_response_is_not_in_flight_and_is_judged_at_its_end() {
        let (world, mut permits) = stalled(1, &[1]);
        let state = &world.at("a").state;
        assert_eq!((state.in_flight(), state.stalled.count()), (0, 1));
        let working = world.route();
        assert_eq!(state.in_flight(), 1);
        permits
            .remove(0)
            .complete(&world.done(Fault::None, 5), Evidence::default());
        assert_eq!((state.in_flight(), state.stalled.count()), (1, 0));
        assert_eq!(state.totals().successes, 1);
        drop(working);
        assert_eq!(state.in_flight(), 0);
    }

    #[test]
    fn the_address_that_has_most_loses_the_one_that_stalled_first() {
        let (world, mut permits) = stalled(4, &[2, 1, 1, 1, 1, 3]);
        assert_eq!(world.at("a").state.stalled.count(), 4);
        let evicted: Vec<bool> = permits.iter_mut().map(is_evicted).collect();
        assert_eq!(evicted, [false, true, true, false, false, false]);
        drop(permits);
        assert_eq!(world.at("a").state.stalled.count(), 0);
        assert_eq!(world.at("a").state.in_flight(), 0);
    }

    #[test]
    fn one_that_goes_on_is_in_flight_again_once_there_is_room() {
        let (world, mut permits) = stalled(1, &[1]);
        let state = &world.at("a").state;
        let permit = &mut permits[0];
        let working = world.route();
        permit.resume();
        assert!(permit.is_stalled());
        drop(working);
        permit.resume();
        assert!(!permit.is_stalled());
        assert_eq!((state.in_flight(), state.stalled.count()), (1, 0));
        assert!(!is_evicted(permit));
        drop(permits);
        assert_eq!(state.in_flight(), 0);
    }
}
