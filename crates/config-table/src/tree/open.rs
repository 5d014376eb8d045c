//! A list or a map while it is read.

use super::{Body, Node, Place, Step};

/// A list or a map that is still open.
pub struct Open {
    pub place: Place,
    pub anchor: usize,
    pub body: Body,
    /// The key that waits for its value.
    pub key: Option<Key>,
}

/// A key of a map.
pub enum Key {
    Name(String, Place),
    /// It was reported; its value is left out.
    Refused,
}

/// Where, what was found, what was expected.
pub type Refusal = (Place, &'static str, &'static str);

impl Open {
    /// Puts a node where it belongs: item, key, or value of the key that waited for it.
    pub fn add(&mut self, mut node: Node, waiting: Option<Key>) -> Option<Refusal> {
        match (&mut self.body, waiting) {
            (Body::Map(entries), Some(Key::Name(key, place))) => {
                node.named = place;
                entries.push((key, node));
            }
            (Body::Map(_), Some(Key::Refused)) => {}
            (Body::Map(_), None) => {
                let (key, refusal) = match key(node) {
                    Ok(key) => (key, None),
                    Err(refusal) => (Key::Refused, Some(refusal)),
                };
                self.key = Some(key);
                return refusal;
            }
            (Body::List(items), _) => items.push(node),
            _ => {}
        }
        None
    }

    /// The step from here to the value that is being read.
    pub fn step(&self) -> Option<Step> {
        match (&self.body, &self.key) {
            (Body::List(items), _) => Some(items.len().into()),
            (_, Some(Key::Name(key, _))) => Some(key.as_str().into()),
            _ => None,
        }
    }
}

fn key(node: Node) -> Result<Key, Refusal> {
    match node.body {
        Body::Text(text) if text == "<<" => Err((
            node.place,
            "a merge key `<<`, which is not supported",
            "the keys written out; an alias may stand for a whole value",
        )),
        Body::Text(text) => Ok(Key::Name(text, node.place)),
        Body::Nothing => Ok(Key::Name(String::new(), node.place)),
        Body::List(_) | Body::Map(_) => Err((node.place, "a list or a map as a key", "a name")),
    }
}
