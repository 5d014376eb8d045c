//! A configuration as a tree of nodes, each with its place. Scalars stay text: what `08080` or
//! `yes` means is decided by the key that asks. It does not know sections.

mod open;
mod parse;
mod place;

pub use parse::{MAX_BYTES, Parsed, parse};
pub use place::{Place, Step, path_text};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value begins.
    pub place: Place,
    /// Where its key stands; the same as `place` for an item of a list and for the root.
    pub named: Place,
    /// The value.
    pub body: Body,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Body {
    /// Absent: `null`, `~` or nothing at all.
    Nothing,
    /// A scalar.
    Text(String),
    /// Items in order.
    List(Vec<Node>),
    /// Keys in order, perhaps one of them twice.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A node whose key and value stand at one place.
    pub fn new(place: Place, body: Body) -> Self {
        Self {
            named: place.clone(),
            place,
            body,
        }
    }

    /// The node one step down.
    pub fn child(&self, step: &Step) -> Option<&Node> {
        match (&self.body, step) {
            (Body::Map(entries), Step::Key(key)) => entries
                .iter()
                .find_map(|(name, node)| (name == key).then_some(node)),
            (Body::List(items), Step::Index(index)) => items.get(*index),
            _ => None,
        }
    }

    /// The nearest place on the way to a path: its own, if the path exists.
    pub fn place_of(&self, path: &[Step]) -> &Place {
        let mut node = self;
        for step in path {
            match node.child(step) {
                Some(child) => node = child,
                None => return &node.named,
            }
        }
        node.value_place()
    }

    /// The place of the value, or of its key when there is no value.
    pub fn value_place(&self) -> &Place {
        match self.body {
            Body::Nothing => &self.named,
            _ => &self.place,
        }
    }

    /// Number of nodes and of levels. The depth of a tree is bounded, so this may recurse.
    fn extent(&self) -> (usize, usize) {
        let add = |(nodes, height): (usize, usize), child: &Node| {
            let (more, higher) = child.extent();
            (nodes + more, height.max(higher + 1))
        };
        match &self.body {
            Body::Nothing | Body::Text(_) => (1, 0),
            Body::List(items) => items.iter().fold((1, 1), add),
            Body::Map(entries) => entries.iter().map(|(_, node)| node).fold((1, 1), add),
        }
    }
}
