//! Endpoints, probes, breakers and the choice among them.
