//! What metrics, events and the admin API say.
