//! The cache.

use super::{Field, Group, Kind};

/// Figures of the whole cache, of its level and of each category.
pub const STATS: &[Group] = &[
    ("", FIGURES),
    ("", WHOLE),
    ("l1.", FIGURES),
    ("categories.*.", FIGURES),
];

/// Figures that the whole, a level and a category have.
const FIGURES: &[Field] = fields! {
    "hits" Number, "Requests answered from the cache.";
    "misses" Number, "Requests that found nothing: fetched, or answered by the fetch of another request (`coalesced`).";
    "bypasses" Number, "Requests that did not use the cache, writes among them.";
    "total_requests" Number, "Hits, misses and bypasses.";
    "hit_rate" Number, "Hits among hits and misses, 0 to 1.";
    "miss_rate" Number, "Misses among hits and misses, 0 to 1.";
    "coalesced" Number, "Requests answered by the fetch of another request.";
    "promoted" Number, "Requests that took over a fetch whose client had gone.";
    "stores" Number, "Responses stored.";
    "evictions" Number, "Entries evicted to make room.";
    "replaced" Number, "Entries replaced by a newer response.";
    "expired" Number, "Entries dropped after their time to live.";
    "invalidations" Number, "Entries dropped because of a write, a clearing or a refused credential.";
    "entry_count" Number, "Entries in store.";
    "size_bytes" Number, "Bytes in store.";
    "avg_access_time_ms" Number, "Mean time of a hit, milliseconds.";
    "memory_usage_percent" Number, "Bytes in store as a share of the limit, 0 to 100.";
};

/// Figures of the whole only, and further names of the others.
const WHOLE: &[Field] = fields! {
    "hit_count" Number, "As `hits`.";
    "miss_count" Number, "As `misses`.";
    "eviction_count" Number, "As `evictions`.";
    "total_entries" Number, "As `entry_count`.";
    "cache_size" Number, "As `size_bytes`.";
    "total_size_bytes" Number, "As `size_bytes`.";
    "total_size_mb" Number, "The same in MiB.";
    "average_access_time" Number, "As `avg_access_time_ms`.";
    "capacity_bytes" Number, "Bytes that may be stored.";
    "bypass_reasons.*" Number, "Requests that did not use the cache, by reason.";
    "refused_reasons.*" Number, "Responses that were not stored, by reason.";
    "alone_reasons.*" Number, "Requests that waited for another one's fetch and then went alone, by reason.";
    "flights" Number, "Fetches in flight.";
};

/// What was cleared.
pub const CLEARED: &[Group] = &[(
    "",
    fields! {
        "message" Text, "What was cleared.";
        "removed" Number, "Entries that were dropped.";
    },
)];
