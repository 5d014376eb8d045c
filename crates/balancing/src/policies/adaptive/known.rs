//! What is known of an endpoint, as plain values. Times are in units of the mean time of a request, work in units of the mean
//! request.

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// How long it takes for a request, as a multiple of what the mean endpoint takes.
    pub slowness: f64,
    /// How many requests it works on at once.
    pub places: f64,
    /// How many of those in flight it works on, as far as is known.
    pub working: u32,
    /// How many of these it is given at most.
    pub limit: Option<u32>,
    /// Whether it was given nothing new for so long that all it has are late. Nothing but one more can tell whether the limit still
    /// holds.
    pub are_all_late: bool,
    /// How long its oldest request has waited for its response, in units of the mean time.
    pub waited: f64,
    /// Its responses are overdue.
    pub is_stalled: bool,
    /// They are, and none came for so long that it hangs rather than works on a long request.
    pub is_silent: bool,
}

impl Known {
    /// Of an endpoint of which nothing is known, which has so many requests in flight.
    pub fn nothing(in_flight: u32) -> Self {
        Self {
            slowness: 1.0,
            places: 1.0,
            working: in_flight,
            limit: None,
            are_all_late: false,
            waited: 0.0,
            is_stalled: false,
            is_silent: false,
        }
    }

    /// Work done here in the mean time, while all places are taken.
    pub fn speed(&self) -> f64 {
        self.places / self.slowness
    }

    /// How long a request of this much work takes here, as the last one of those that it works on, in units of the mean time:
    /// where these are more than it has places for, each of those too many has to end first.
    pub fn time(&self, work: f64, working: f64) -> f64 {
        let too_many = (working - self.places).max(0.0);
        self.slowness * work + too_many / self.speed()
    }
}
