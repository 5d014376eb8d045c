//! Explicit transactions of one listener: only it knows them, and two listeners issue the same ids.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::session::Session;

/// Open transactions by id.
pub struct Transactions {
    open: Mutex<HashMap<String, Slot>>,
    next: Mutex<u64>,
    name: fn(u64) -> String,
    idle: Duration,
}

struct Slot {
    /// None while a request runs in it.
    session: Option<Session>,
    expires: SystemTime,
}

/// The result of taking a transaction.
pub enum TakeResult {
    Session(Box<Session>),
    /// Another request runs in it.
    Busy,
    Unknown,
}

impl Transactions {
    /// `idle`: how long a transaction lives after its last request.
    pub fn new(name: fn(u64) -> String, idle: Duration) -> Self {
        Self {
            open: Mutex::default(),
            next: Mutex::new(1),
            name,
            idle,
        }
    }

    /// Adds a transaction; returns its id and expiry.
    pub fn add(&self, session: Session) -> (String, SystemTime) {
        let mut next = self.next.lock();
        let mut open = self.open.lock();
        let id = loop {
            let id = (self.name)(*next);
            *next += 1;
            if !open.contains_key(&id) {
                break id;
            }
        };
        let expires = SystemTime::now() + self.idle;
        open.insert(
            id.clone(),
            Slot {
                session: Some(session),
                expires,
            },
        );
        (id, expires)
    }

    /// Takes the session to run a request in it; it must be given back or removed.
    pub fn take(&self, id: &str) -> TakeResult {
        match self.open.lock().get_mut(id) {
            None => TakeResult::Unknown,
            Some(slot) => slot.session.take().map_or(TakeResult::Busy, |session| {
                TakeResult::Session(Box::new(session))
            }),
        }
    }

    /// Gives the session back and renews its expiry.
    pub fn give_back(&self, id: &str, session: Session) -> SystemTime {
        let expires = SystemTime::now() + self.idle;
        self.open.lock().insert(
            id.to_owned(),
            Slot {
                session: Some(session),
                expires,
            },
        );
        expires
    }

    /// Removes a transaction that was taken.
    pub fn remove(&self, id: &str) {
        self.open.lock().remove(id);
    }

    /// Rolls back the transactions that have expired.
    pub fn expire(&self) {
        let now = SystemTime::now();
        self.open
            .lock()
            .retain(|_, slot| slot.session.is_none() || slot.expires > now);
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.lock().len()
    }

    /// Makes all of them expire now.
    pub fn expire_all(&self) {
        self.open.lock().retain(|_, slot| slot.session.is_none());
    }
}

/// Ids of the transactional API: 1, 2, 3.
pub fn decimal(number: u64) -> String {
    number.to_string()
}

/// Ids of the Query API: four hex digits, spread.
pub fn hexadecimal(number: u64) -> String {
    format!("{:04x}", number.wrapping_mul(0x9e37) & 0xffff)
}
