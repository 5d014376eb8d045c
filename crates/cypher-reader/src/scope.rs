//! The variables that a clause may use, as far as tags need them: which nodes were first met with
//! labels, and which relationships with types. Follows WITH and the borders of subqueries.

use std::collections::BTreeMap;

/// The most variables that are followed; past it nothing is narrow.
const MAX_NAMES: usize = 128;

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// A node whose labels are tags already.
    Node,
    /// A relationship of these types.
    Relationship(Vec<String>),
    /// A node or relationship of which no names are known.
    Element,
}

/// Variables by name.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    names: BTreeMap<String, Binding>,
}

impl Scope {
    /// What is known of a variable.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.names.get(name)
    }

    /// Whether the variable is a node met before.
    pub fn is_node(&self, name: &str) -> bool {
        self.get(name) == Some(&Binding::Node)
    }

    /// Notes a variable; whether there was room.
    pub fn bind(&mut self, name: &str, bound: Binding) -> bool {
        let room = self.names.len() < MAX_NAMES;
        if room {
            self.names.insert(name.to_owned(), bound);
        }
        room
    }

    /// The name means this from here on; `None`: something that is not followed.
    pub fn set(&mut self, name: &str, bound: Option<Binding>) {
        self.forget(name);
        bound.into_iter().for_each(|bound| {
            self.bind(name, bound);
        });
    }

    /// The name now means something else.
    pub fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// What is left of this scope when only these variables go on, each under its new name.
    pub fn pass(&self, items: &[(String, String)]) -> Scope {
        let names = items
            .iter()
            .filter_map(|(from, to)| Some((to.clone(), self.get(from)?.clone())))
            .collect();
        Scope { names }
    }
}
