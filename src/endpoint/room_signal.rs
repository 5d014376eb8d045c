//! Tells who gives out the places of a service that one of its endpoints changed: it may have room now.

use super::permit::Room;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Weak;

/// Shared by the endpoints of a service.
#[derive(Default)]
pub struct RoomSignal(Mutex<Option<Weak<dyn Room>>>);

impl RoomSignal {
    /// Tells this one from now on.
    pub fn follow(&self, room: Weak<dyn Room>) {
        *self.0.lock() = Some(room);
    }

    /// An endpoint changed.
    pub fn changed(&self) {
        let room = self.0.lock().clone();
        if let Some(room) = room.and_then(|room: Weak<dyn Room>| room.upgrade()) {
            room.returned();
        }
    }
}

impl fmt::Debug for RoomSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomSignal")
    }
}
