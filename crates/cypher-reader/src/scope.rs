//! The variables that a clause may use, as far as tags need them: which nodes were first met with
//! labels, and which relationships with types. Follows WITH and the borders of subqueries.
//!
//! What a subquery or a comprehension changes is undone behind it, change by change: nothing is
//! copied, however deep they are nested.

use crate::work;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most variables that are followed; past it nothing is narrow.
const MAX_NAMES: usize = 128;
/// The longest name of a variable that is followed, in bytes.
const MAX_NAME_LENGTH: usize = 256;

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// A node whose labels are tags already.
    Node,
    /// A relationship of these types.
    Relationship(Rc<[String]>),
    /// A node or relationship of which no names are known.
    Element,
}

type Bindings = BTreeMap<Rc<str>, Binding>;

/// What takes one change back.
#[derive(Debug)]
enum Undo {
    /// What the name meant before.
    One(Rc<str>, Option<Binding>),
    /// All the variables before.
    All(Bindings),
}

/// A state of a scope to come back to.
#[derive(Debug, Clone, Copy)]
pub struct Mark(usize);

/// Variables by name.
#[derive(Debug, Default)]
pub struct Scope {
    names: Bindings,
    undo: Vec<Undo>,
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
    pub fn bind(&mut self, name: &str, binding: Binding) -> bool {
        let known = self.names.contains_key(name);
        let room = known || self.names.len() < MAX_NAMES && name.len() <= MAX_NAME_LENGTH;
        self.set(name, Some(binding).filter(|_| room));
        room
    }

    /// The name means this from here on; `None`: something that is not followed.
    pub fn set(&mut self, name: &str, binding: Option<Binding>) {
        let known = self.names.contains_key(name);
        let room = self.names.len() < MAX_NAMES && name.len() <= MAX_NAME_LENGTH;
        match binding.filter(|_| known || room) {
            Some(binding) => self.insert(name.into(), binding),
            None if known => self.remove(name),
            None => {}
        }
    }

    /// The name now means something else.
    pub fn forget(&mut self, name: &str) {
        self.set(name, None);
    }

    fn insert(&mut self, name: Rc<str>, binding: Binding) {
        let before = self.names.insert(Rc::clone(&name), binding);
        work::count(1);
        self.undo.push(Undo::One(name, before));
    }

    fn remove(&mut self, name: &str) {
        if let Some((name, before)) = self.names.remove_entry(name) {
            work::count(1);
            self.undo.push(Undo::One(name, Some(before)));
        }
    }

    /// Only these variables go on.
    pub fn keep(&mut self, names: &[String]) {
        let kept: Bindings = names
            .iter()
            .filter_map(|name| self.names.get_key_value(name.as_str()))
            .map(|(name, binding)| (Rc::clone(name), binding.clone()))
            .collect();
        let before = std::mem::replace(&mut self.names, kept);
        work::count(1 + names.len());
        self.undo.push(Undo::All(before));
    }

    /// The state to come back to.
    pub fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }

    /// Everything is again as it was at the mark.
    pub fn rewind(&mut self, mark: Mark) {
        while self.undo.len() > mark.0 {
            work::count(1);
            match self.undo.pop() {
                Some(Undo::One(name, Some(before))) => drop(self.names.insert(name, before)),
                Some(Undo::One(name, None)) => drop(self.names.remove(&name)),
                Some(Undo::All(before)) => self.names = before,
                None => {}
            }
        }
    }
}
