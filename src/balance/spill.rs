//! Why a request goes to another zone or region than it should: what keeps it from the endpoints that are nearer.

use balancing::{Demotion, Distance, EndpointView, Standing};

/// What keeps a request from the nearer endpoints: of these the one that was closest to taking it says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpillCause {
    /// It only lacks room.
    Full,
    /// Its last requests failed a moment ago, or its probes fail now and then.
    Failing,
    /// It said a moment ago that it has too much to do.
    Overloaded,
    /// It may serve nothing at the moment: its breaker is open, it is ejected, unhealthy, in maintenance or drained.
    Out,
    /// This very request was tried there.
    Tried,
    /// None is nearer that could ever take it.
    Nowhere,
}

impl SpillCause {
    /// Its word in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Failing => "failing",
            Self::Overloaded => "overloaded",
            Self::Out => "out",
            Self::Tried => "tried",
            Self::Nowhere => "nowhere",
        }
    }

    /// Why a request goes to the endpoint at an index of a pool whose endpoints stand as they were sorted; `None`: it is near.
    pub fn of(views: &[EndpointView], index: usize) -> Option<Self> {
        let far = rank(views.get(index)?.distance);
        let nearer = views.iter().filter(|one| rank(one.distance) < far);
        let causes = nearer.filter_map(Self::at);
        (far > 0).then(|| causes.min().unwrap_or(Self::Nowhere))
    }

    /// What keeps a request from an endpoint; `None`: it could never take it.
    fn at(one: &EndpointView) -> Option<Self> {
        match one.standing {
            _ if one.is_avoided || !one.is_capable => None,
            _ if one.is_tried => Some(Self::Tried),
            Standing::Full => Some(Self::Full),
            Standing::Candidate(Demotion::Overloaded) => Some(Self::Overloaded),
            Standing::Candidate(Demotion::Surplus | Demotion::LastResort) => Some(Self::Out),
            Standing::Out => Some(Self::Out),
            Standing::Candidate(_) | Standing::Trial => Some(Self::Failing),
        }
    }
}

fn rank(distance: Distance) -> u8 {
    match distance {
        Distance::Near => 0,
        Distance::OtherZone => 1,
        Distance::OtherRegion => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: EndpointView = EndpointView {
        distance: Distance::OtherRegion,
        ..EndpointView::IDLE
    };

    fn cause(near: EndpointView) -> Option<SpillCause> {
        SpillCause::of(&[near, FAR], 1)
    }

    #[test]
    fn what_keeps_a_request_from_the_nearer_endpoint_is_the_cause() {
        let standing = |standing| EndpointView {
            standing,
            ..EndpointView::IDLE
        };
        let demoted = |demotion| standing(Standing::Candidate(demotion));
        assert_eq!(cause(standing(Standing::Full)), Some(SpillCause::Full));
        assert_eq!(cause(standing(Standing::Out)), Some(SpillCause::Out));
        for (demotion, expected) in [
            (Demotion::Failing, SpillCause::Failing),
            (Demotion::Degraded, SpillCause::Failing),
            (Demotion::Overloaded, SpillCause::Overloaded),
            (Demotion::LastResort, SpillCause::Out),
        ] {
            assert_eq!(cause(demoted(demotion)), Some(expected));
        }
        let tried = EndpointView {
            is_tried: true,
            ..standing(Standing::Out)
        };
        assert_eq!(cause(tried), Some(SpillCause::Tried));
        let unfit = EndpointView {
            is_capable: false,
            ..standing(Standing::Full)
        };
        assert_eq!(cause(unfit), Some(SpillCause::Nowhere));
        assert_eq!(SpillCause::of(&[FAR], 0), Some(SpillCause::Nowhere));
        assert_eq!(SpillCause::of(&[EndpointView::IDLE, FAR], 0), None);
    }

    #[test]
    fn of_several_the_one_that_was_closest_to_taking_it_says_it() {
        let with = |standing, distance| EndpointView {
            standing,
            distance,
            ..EndpointView::IDLE
        };
        let views = [
            with(Standing::Out, Distance::Near),
            with(Standing::Full, Distance::OtherZone),
            FAR,
        ];
        assert_eq!(SpillCause::of(&views, 2), Some(SpillCause::Full));
        assert_eq!(SpillCause::of(&views, 1), Some(SpillCause::Out));
    }
}
