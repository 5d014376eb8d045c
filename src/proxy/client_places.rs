//! Limits how many clients a listener serves at a time. A reload may change the limit: when it shrinks, connected clients
//! stay, and no place is handed out until their number is below the new limit.

use std::sync::Arc;
use tokio::sync::watch;

/// The places of one listener.
pub struct ClientPlaces(watch::Sender<Count>);

#[derive(Debug, Clone, Copy)]
struct Count {
    limit: usize,
    taken: usize,
}

impl Count {
    fn has_room(&self) -> bool {
        self.taken < self.limit
    }

    /// Takes a place, if there is one.
    fn take(&mut self) -> bool {
        let room = self.has_room();
        self.taken += usize::from(room);
        room
    }
}

impl ClientPlaces {
    /// This many places, all free.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Count { limit, taken: 0 })))
    }

    /// Changes the number of places, at once.
    pub fn set_limit(&self, limit: usize) {
        self.0.send_modify(|count| count.limit = limit);
    }

    /// Waits for a place and takes it. May be cancelled.
    pub async fn take(self: &Arc<Self>) -> ClientPlace {
        while !self.0.send_if_modified(Count::take) {
            // It cannot fail: the sender is here.
            let _ = self.0.subscribe().wait_for(Count::has_room).await;
        }
        ClientPlace(Arc::clone(self))
    }
}

/// A place of a client's connection; free again when it is dropped.
pub struct ClientPlace(Arc<ClientPlaces>);

impl Drop for ClientPlace {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    /// Whether a place is there now.
    async fn is_free(places: &Arc<ClientPlaces>) -> bool {
        let mut take = Box::pin(places.take());
        matches!(poll_once(&mut take).await, Poll::Ready(_))
    }

    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
    }

    #[tokio::test]
    async fn no_more_places_are_given_than_there_are() {
        let places = ClientPlaces::new(2);
        let first = places.take().await;
        let _second = places.take().await;
        assert!(!is_free(&places).await);
        drop(first);
        assert!(is_free(&places).await);
    }

    #[tokio::test]
    async fn a_client_that_waits_is_given_a_place_as_soon_as_there_are_more() {
        let places = ClientPlaces::new(1);
        let _first = places.take().await;
        let mut waiting = Box::pin(places.take());
        assert!(poll_once(&mut waiting).await.is_pending());
        places.set_limit(2);
        waiting.await;
    }

    #[tokio::test]
    async fn with_fewer_places_those_that_become_free_are_not_given_again() {
        let places = ClientPlaces::new(3);
        let taken = [
            places.take().await,
            places.take().await,
            places.take().await,
        ];
        places.set_limit(1);
        let [first, second, third] = taken;
        drop(first);
        drop(second);
        assert!(!is_free(&places).await);
        drop(third);
        assert!(is_free(&places).await);
    }
}
