use super::*;
use crate::dialect::Canonical;
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq)]
struct Parts(String, String, Vec<Vec<u8>>, Vec<u8>);

fn parts() -> impl Strategy<Value = Parts> {
    let bytes = || prop::collection::vec(0u8..3, 0..6);
    (
        "[ab/]{0,3}",
        "[ab]{0,3}",
        prop::collection::vec(bytes(), 0..3),
        bytes(),
    )
        .prop_map(|(service, who, head, body)| Parts(service, who, head, body))
}

fn canonical(Parts(_, who, head, body): &Parts) -> Canonical {
    let builder = Builder::new("op").credential("api-key", who.as_bytes());
    let builder = head.iter().fold(builder, |b, part| b.part(part));
    builder.body(body[..].into())
}

proptest! {
    #[test]
    fn keys_are_equal_exactly_when_every_part_is(a in parts(), b in parts()) {
        let keys = [&a, &b].map(|p| CacheKey::new(&p.0, &canonical(p)));
        prop_assert_eq!(keys[0] == keys[1], a == b);
    }

    #[test]
    fn no_byte_moves_between_service_head_and_body(
        bytes in prop::collection::vec(any::<u8>(), 0..24), cut in 0usize..24, other in 0usize..24,
    ) {
        let split = |at: usize| {
            let (head, body) = bytes.split_at(at.min(bytes.len()));
            let raw = Canonical { head: Bytes::copy_from_slice(head), body: Bytes::copy_from_slice(body), credential: 0 };
            CacheKey::new("s", &raw)
        };
        let same = cut.min(bytes.len()) == other.min(bytes.len());
        prop_assert_eq!(split(cut) == split(other), same);
    }
}

#[test]
fn a_hit_needs_the_same_service_credential_and_body() {
    let b = bench();
    let call = read_as("ann", "q", &["db"]);
    b.store(&call, "for ann");
    assert_eq!(b.hit(&call).as_deref(), Some("for ann"));
    for other in [
        read_as("bob", "q", &["db"]),
        read("q", &["db"]),
        read_as("ann", "r", &["db"]),
    ] {
        assert!(b.hit(&other).is_none());
    }
    let elsewhere = LookupRequest {
        service: "other",
        call: &call,
        plan: Some(b.plan),
    };
    assert!(matches!(b.cache.look_up(&elsewhere), Verdict::Lead(_)));
}

#[test]
fn a_request_that_now_depends_on_other_tags_is_no_hit() {
    let b = bench();
    b.store(&read("q", &["db"]), "x");
    let fill = b.lead(&read("q", &["db", "label"]));
    assert_eq!(fill.why(), words::DIFFERS);
}
