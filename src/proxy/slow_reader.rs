//! Detects a client that reads its streamed response too slowly. Meanwhile the permit of the endpoint is stalled and counts
//! as no request in flight, so that slow readers do not use up an endpoint.

use super::min_rate::MinRate;
use crate::endpoint::Permit;
use std::net::IpAddr;
use std::task::Context;
use std::time::Duration;

/// Bytes a second below which a client holds up a response that is not read ahead to its end.
const KEEPS_UP: u64 = 1 << 20;
/// How long such a client may take nothing.
const GRACE: Duration = Duration::from_millis(100);

/// The reader of a response that streams.
pub struct SlowReader {
    client: IpAddr,
    rate: MinRate,
}

impl SlowReader {
    /// A reader that has not been slow yet.
    pub fn new(client: IpAddr) -> Self {
        Self {
            client,
            rate: MinRate::new(GRACE, KEEPS_UP),
        }
    }

    /// The endpoint is not read, because the client has to take what is read ahead.
    pub fn wait(&mut self, permit: &mut Permit, cx: &mut Context<'_>) {
        if permit.is_stalled() {
            self.rate.wait();
        } else if self.rate.poll_too_slow(cx).is_ready() {
            permit.stall(self.client);
        }
    }

    /// The client took this many bytes.
    pub fn took(&mut self, bytes: usize) {
        self.rate.moved(bytes);
    }

    /// The endpoint is read again.
    pub fn resume(&mut self, permit: &mut Permit) {
        self.rate.pause();
        if permit.is_stalled() && self.rate.is_refilled() {
            permit.resume();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GRACE, SlowReader};
    use crate::balance::testing::World;
    use crate::dialect::Fault;
    use crate::endpoint::{Evidence, Permit};
    use balancing::policies::Strategy::LeastConnections;
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    const PIECE: usize = 64 << 10;

    fn streaming(world: &World) -> (SlowReader, Permit) {
        let reader = SlowReader::new([127, 0, 0, 1].into());
        (reader, world.route().permit)
    }

    async fn wait((reader, permit): &mut (SlowReader, Permit)) {
        poll_fn(|cx| {
            reader.wait(permit, cx);
            Poll::Ready(())
        })
        .await;
    }

    /// A client that takes a piece each time that so long has passed.
    async fn takes(streaming: &mut (SlowReader, Permit), pieces: usize, every: Duration) {
        for _ in 0..pieces {
            wait(streaming).await;
            tokio::time::sleep(every).await;
            wait(streaming).await;
            let (reader, permit) = streaming;
            reader.took(PIECE);
            reader.resume(permit);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_keeps_up_leaves_its_response_in_flight() {
        let world = World::equal(LeastConnections, 1);
        let state = &world.at("a").state;
        let mut streaming = streaming(&world);
        takes(&mut streaming, 1_000, Duration::from_millis(60)).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (1, 0));
        streaming
            .1
            .complete(&world.done(Fault::None, 5), Evidence::default());
        assert_eq!((state.in_flight(), state.totals().successes), (0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_response_of_one_that_reads_slowly_is_stalled_until_it_has_caught_up() {
        let world = World::equal(LeastConnections, 1);
        let state = &world.at("a").state;
        let mut streaming = streaming(&world);
        takes(&mut streaming, 2, Duration::from_millis(80)).await;
        assert_eq!(state.in_flight(), 1, "within the grace");
        takes(&mut streaming, 100, Duration::from_millis(80)).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (0, 1));
        takes(&mut streaming, 1, GRACE * 100).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (0, 1));
        takes(&mut streaming, 4, Duration::from_millis(1)).await;
        assert_eq!((state.in_flight(), state.stalled.count()), (1, 0));
        streaming
            .1
            .complete(&world.done(Fault::Endpoint, 5), Evidence::default());
        assert_eq!((state.in_flight(), state.totals().errors), (0, 1));
    }
}
