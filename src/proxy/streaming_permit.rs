//! The permit of a response that streams. While the client holds the response up, the permit is stalled
//! and counts as no request in flight: readers that are slow do not take an endpoint away.

use super::min_rate::MinRate;
use crate::clock::Clock;
use crate::dialect::Fault;
use crate::endpoint::{Completion, Permit};
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

/// Bytes a second below which a client holds up a response that is not read ahead to its end.
const KEEPS_UP: u64 = 1 << 20;
/// How long such a client may take nothing.
const GRACE: Duration = Duration::from_millis(100);

/// A permit, and what its endpoint's state is told at the end. Dropped before it, nothing is told.
pub struct StreamingPermit {
    permit: Permit,
    completion: Completion,
    client: IpAddr,
    clock: Clock,
    rate: MinRate,
}

impl StreamingPermit {
    /// The permit of a response to this client.
    pub fn new((permit, completion): (Permit, Completion), client: IpAddr, clock: Clock) -> Self {
        Self {
            permit,
            completion,
            client,
            clock,
            rate: MinRate::new(GRACE, KEEPS_UP),
        }
    }

    /// The endpoint is not read, because the client has to take what is read ahead.
    pub fn wait(&mut self, cx: &mut Context<'_>) {
        if self.permit.is_stalled() {
            self.rate.wait();
        } else if self.rate.poll_too_slow(cx).is_ready() {
            self.permit.stall(self.client);
        }
    }

    /// The client took so many bytes.
    pub fn moved(&mut self, bytes: usize) {
        self.rate.moved(bytes);
    }

    /// The endpoint is read again.
    pub fn resume(&mut self) {
        self.rate.pause();
        if self.permit.is_stalled() && self.rate.is_refilled() {
            self.permit.resume();
        }
    }

    /// Ready when the response must make room for others that are held up. Not to be polled again then.
    pub fn poll_evicted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.permit.poll_evicted(cx)
    }

    /// The endpoint has nothing more to say. `is_cut`: it broke off.
    pub fn end(mut self, is_cut: bool) {
        if is_cut {
            self.completion.fault = Fault::Endpoint;
        }
        self.completion.now = self.clock.now();
        self.permit.complete(&self.completion);
    }
}

#[cfg(test)]
mod tests {
    use super::{GRACE, StreamingPermit};
    use crate::balance::testing::World;
    use crate::config::StrategyName::LeastConnections;
    use crate::dialect::Fault;
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    const PIECE: usize = 64 << 10;

    fn streaming(world: &World) -> StreamingPermit {
        let streaming = (world.route().permit, world.done(Fault::None, 5));
        StreamingPermit::new(streaming, [127, 0, 0, 1].into(), world.clock.clone())
    }

    /// A client that takes a piece each time that so long has passed.
    async fn takes(permit: &mut StreamingPermit, pieces: usize, every: Duration) {
        for _ in 0..pieces {
            poll_fn(|cx| {
                permit.wait(cx);
                Poll::Ready(())
            })
            .await;
            tokio::time::sleep(every).await;
            poll_fn(|cx| {
                permit.wait(cx);
                Poll::Ready(())
            })
            .await;
            permit.moved(PIECE);
            permit.resume();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_keeps_up_leaves_its_response_in_flight() {
        let world = World::equal(LeastConnections, 1);
        let state = &world.at("a").state;
        let mut permit = streaming(&world);
        takes(&mut permit, 1_000, Duration::from_millis(60)).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (1, 0));
        permit.end(false);
        assert_eq!((state.in_flight(), state.totals().successes), (0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_response_of_one_that_reads_slowly_is_stalled_until_it_has_caught_up() {
        let world = World::equal(LeastConnections, 1);
        let state = &world.at("a").state;
        let mut permit = streaming(&world);
        takes(&mut permit, 2, Duration::from_millis(80)).await;
        assert_eq!(state.in_flight(), 1, "within the grace");
        takes(&mut permit, 100, Duration::from_millis(80)).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (0, 1));
        takes(&mut permit, 1, GRACE * 100).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (0, 1));
        takes(&mut permit, 4, Duration::from_millis(1)).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (1, 0));
        permit.end(true);
        assert_eq!((state.in_flight(), state.totals().errors), (0, 1));
    }
}
