//! The words of a choice: why an endpoint was taken, and why another one was not.

use glossary::glossary;

glossary! {
    /// Why an endpoint was chosen.
    pub enum RouteReason {
        /// Its turn.
        Rotation = "rotation", "";
        /// Its turn by weight.
        Weight = "weight", "";
        /// The fewest requests in flight per weight.
        FewestInFlight = "fewest_in_flight", "";
        /// The lowest score of the strategy.
        LowestScore = "lowest_score", "`scores` of the attempt, or `GET /api/coordination/scores`, shows what it was compared with.";
        /// The fastest endpoint with a free place, by what is learned of its speed and of how many requests it works on at once.
        FreePlace = "free_place", "`scores` of the attempt shows what it was compared with.";
        /// Most of several strategies voted for it, by their learned weights.
        MostVotes = "most_votes", "`weights` of `GET /api/coordination/strategy` shows how much each counts.";
        /// Requests of its key go there while it is not much busier than the others.
        Affinity = "affinity", "`balance.affinity` says what the key is.";
        /// A rule says that it takes such requests before others, while it is not much busier.
        Preferred = "preferred", "`balance.affinity_rules` names it.";
        /// The lowest mean of the last times for this complexity.
        BestHistory = "best_history", "`scores` of the attempt shows what it was compared with.";
        /// Nothing recent is known of it for this complexity, so that its times are measured anew.
        Explored = "explored", "";
        /// It acknowledged the last write of what is asked for, so that it does not lag behind that one.
        Home = "home", "All reads of a collection or database that may be stored go there when they are not hits: expected.";
        /// Its breaker was open, and this request finds out whether it has recovered.
        Trial = "trial", "";
        /// All endpoints are out by breaker, ejection or health; it failed least recently.
        LastResort = "last_resort", "Look at the events: no endpoint of the service is well.";
        /// The endpoint that was asked first took longer than nearly all such requests do; this one was asked as well, and the first good response counts.
        Hedge = "hedge", "`hedges_total` counts them; `balance.hedging: false` turns them off.";
        /// The endpoint that was asked first has responded to nothing for a second or more; this one was asked as well, on the budget of retries. What was written there a moment ago it may lack, and then its response is not stored.
        Silent = "silent", "Look at the endpoint that is silent; its events say what becomes of it.";
        /// What is asked for is a server's own, and this server is always taken for it.
        Owner = "owner", "";
        /// The transaction lives on it.
        Pinned = "pinned", "";
    }
}

glossary! {
    /// Why an endpoint may not take a request.
    pub enum Exclusion {
        /// It was tried for this request.
        Tried = "tried", "Look at the attempts before.";
        /// A rule says that it never takes such a request.
        AntiAffinity = "anti_affinity", "Look at `balance.affinity_rules`.";
        /// Its name has no address.
        Unresolved = "unresolved", "Check the name in `endpoints` and the resolver of this machine.";
        /// It does not take writes.
        Role = "role", "Where no endpoint takes writes: give `probe` a credential, or set `role: writer`.";
        /// It lacks a tag that the request or the strategy asks for.
        Capability = "capability", "Look at `tags` of the endpoints, and of `balance.custom`.";
        /// Its weight is zero, and others have one.
        ZeroWeight = "zero_weight", "Give it a weight, if it shall take traffic.";
        /// The operator took it out.
        Maintenance = "maintenance", "Set its status to `active` when it shall come back.";
        /// The operator lets it drain.
        Draining = "draining", "Set its status to `active` when it shall come back.";
        /// Its probes fail.
        Unhealthy = "unhealthy", "Look at the server; the event `unhealthy` says what its probes found.";
        /// Its breaker is open.
        BreakerOpen = "breaker_open", "Look at the server; it is tried again after `breaker.open_for`.";
        /// Its requests failed where those of its peers did not.
        Ejected = "ejected", "Look at the server; it takes requests again by itself after some time.";
        /// Its last writes of the collection or database failed, and others take them.
        WritesFail = "writes_fail", "Look at the server, at its disk before all; it takes writes again by itself after some time.";
        /// It says that the collection or database does not exist, and others serve it.
        TargetMissing = "target_missing", "Look at the server: its disk may be new, or its restore unfinished; it is asked again by itself after some time.";
        /// It asked to be left alone for a time (Retry-After).
        RetryAfter = "retry_after", "Its limits are reached; they may be raised at the server.";
        /// It came back a short time ago and has as many requests as it may have for now.
        Starting = "starting", "Passes by itself; `health.slow_start` is how long it lasts.";
        /// Its breaker has let one request through, which still runs.
        TrialRunning = "trial_running", "";
        /// It has as many requests in flight as it may have.
        Full = "full", "Raise `max_connections`, if the server can take more; else add a replica.";
        /// The call belongs to another endpoint: to that of its transaction, or to the one that is always taken for it.
        NotOwner = "not_owner", "";
    }
}
