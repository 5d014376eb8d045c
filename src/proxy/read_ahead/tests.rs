use super::{JOINED, MAX_READ, ReadAhead, SMALL};
use crate::http::{Data, Part};
use crate::shared::Bodies;
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;

const LIMIT: usize = 64 * MAX_READ;

fn data(length: usize) -> Data {
    Data::new(Bytes::from(vec![b'a'; length])).unwrap()
}

fn ahead(bodies: &Arc<Bodies>) -> ReadAhead {
    ReadAhead::new(bodies.share("a client"), LIMIT)
}

/// Reads parts of this length as long as there is room, of an endpoint that always has more. Bytes that were read.
fn fill(ahead: &mut ReadAhead, length: usize) -> usize {
    let mut bytes = 0;
    while ahead.reserve() {
        ahead.push(data(length));
        bytes += length;
    }
    bytes
}

fn given(ahead: &mut ReadAhead) -> Vec<Part> {
    std::iter::from_fn(|| ahead.give()).collect()
}

#[test]
fn tiny_parts_are_joined_and_cost_little_more_than_their_bytes() {
    let bodies = Bodies::new(4 * LIMIT, 1.0);
    let mut ahead = ahead(&bodies);
    for _ in 0..100_000 {
        assert!(ahead.reserve());
        ahead.push(data(1));
    }
    let first = MAX_READ;
    assert!(
        bodies.held() <= first + 100_000 + JOINED,
        "{}",
        bodies.held()
    );
    let parts = given(&mut ahead);
    assert!(parts.len() <= 2 + 100_000 / JOINED);
    assert_eq!(parts.iter().map(Part::data_len).sum::<usize>(), 100_000);
    assert!(bodies.held() > 0, "the client's connection holds them");
    ahead.written();
    assert_eq!(bodies.held(), 0);
}

#[test]
fn where_there_is_no_room_each_response_goes_on_through_one_buffer() {
    let bodies = Bodies::new(0, 1.0);
    let mut readers: Vec<_> = (0..100).map(|_| ahead(&bodies)).collect();
    for ahead in &mut readers {
        assert_eq!(fill(ahead, MAX_READ), MAX_READ, "one part");
        assert!(
            given(ahead).len() == 1 && !ahead.reserve(),
            "until it was written"
        );
    }
    assert_eq!(bodies.held(), 100 * MAX_READ);
    for ahead in &mut readers {
        ahead.written();
        assert_eq!(fill(ahead, MAX_READ), MAX_READ, "the next one");
    }
    drop(readers);
    assert_eq!(bodies.held(), 0);
}

#[test]
fn what_is_read_ahead_stops_at_its_limit_and_at_the_room_for_all() {
    for (bound, most) in [(1 << 30, LIMIT), (4 << 20, 1 << 20)] {
        for length in [1, 100, SMALL - 1, SMALL, MAX_READ] {
            let bodies = Bodies::new(bound, 1.0);
            let mut ahead = ahead(&bodies);
            fill(&mut ahead, length);
            assert!(
                bodies.held() <= most + MAX_READ,
                "{length} of {bound}: {}",
                bodies.held()
            );
        }
    }
}

#[test]
fn parts_are_given_in_their_order() {
    let bodies = Bodies::new(4 * LIMIT, 1.0);
    let mut share = bodies.share("a client");
    share.add(3 * MAX_READ);
    let mut ahead = ReadAhead::new(share, LIMIT);
    ahead.begin(Bytes::from(vec![b'b'; 2 * MAX_READ + 1]));
    ahead.push(data(5));
    ahead.join(b"xy");
    ahead.push(data(SMALL));
    ahead.push_trailers(HeaderMap::from_iter([(
        http::header::ETAG,
        http::HeaderValue::from_static("1"),
    )]));
    ahead.push_end();
    let lengths: Vec<usize> = given(&mut ahead).iter().map(Part::data_len).collect();
    assert_eq!(lengths, [MAX_READ, MAX_READ, 1, 7, SMALL, 0, 0]);
    ahead.written();
    assert_eq!(bodies.held(), 0);
}
