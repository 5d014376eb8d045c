//! Stored responses and what invalidates them.
