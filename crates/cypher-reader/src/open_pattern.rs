//! One pattern while it is read, and what it means for tags: when a read or a
//! write is proven narrow.

use crate::cursor::Cursor;
use crate::labels::Labels;
use crate::pattern::Role;
use crate::scope::Binding;

/// The most types of a relationship that is followed: a change of it changes each of them.
const MAX_TYPES: usize = 8;

/// One pattern while it is read.
pub struct OpenPattern {
    /// What it is for.
    pub role: Role,
    /// Binding to a path variable.
    pub path: bool,
    /// Node patterns so far.
    pub nodes: u32,
    /// Relationship patterns so far.
    pub hops: u32,
    /// Upper bounds of their lengths, summed.
    pub depth: u32,
    /// Holds an anonymous node without labels.
    bare: bool,
    /// Nodes of a merged pattern that are not bound yet.
    fresh: Vec<Vec<String>>,
    /// A variable length, a quantified or a shortest path.
    pub many: bool,
}

impl OpenPattern {
    /// A pattern of which nothing is read yet.
    pub fn new(role: Role) -> Self {
        OpenPattern {
            role,
            path: false,
            nodes: 0,
            hops: 0,
            depth: 0,
            bare: false,
            fresh: Vec::new(),
            many: false,
        }
    }

    /// Notes a node. `bare`: nothing of it is read but that it is there.
    pub fn node(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Option<String>,
        labels: Option<Labels>,
        bare: bool,
    ) {
        cursor.report.features.labels += count(&labels);
        let known = name
            .as_deref()
            .is_some_and(|name| cursor.scope.is_node(name));
        let names = labels.as_ref().map_or(&[][..], |labels| &labels.names);
        let fixed = labels.as_ref().is_some_and(Labels::are_static);
        match self.role {
            Role::Match if fixed => cursor.report.reads_labels(names),
            Role::Match if labels.is_none() && known => {}
            Role::Match if labels.is_none() && name.is_none() && bare => self.bare = true,
            Role::Match => cursor.report.broad = true,
            Role::Create if fixed => cursor.report.changes_labels(names),
            Role::Merge if fixed && !known => self.fresh.push(names.to_vec()),
            Role::Create | Role::Merge => cursor.report.wide |= !known || labels.is_some(),
        }
        match name {
            Some(name) if fixed => cursor.report.broad |= !cursor.scope.bind(&name, Binding::Node),
            Some(name) if !known => cursor.scope.set(&name, Some(Binding::Element)),
            _ => {}
        }
    }

    /// Notes a relationship.
    pub fn relationship(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Option<String>,
        types: Option<Labels>,
    ) {
        cursor.report.features.types += count(&types);
        let fixed = types.as_ref().is_some_and(Labels::are_static);
        let names = types.map(|types| types.names).unwrap_or_default();
        match self.role {
            Role::Match if fixed => cursor.report.reads_types(&names),
            Role::Match => cursor.report.broad = true,
            _ if fixed => cursor.report.changes_types(&names),
            _ => cursor.report.wide = true,
        }
        match name {
            Some(name) if fixed && names.len() <= MAX_TYPES => {
                let binding = Binding::Relationship(names.into());
                cursor.report.broad |= !cursor.scope.bind(&name, binding);
            }
            Some(name) => cursor.scope.set(&name, Some(Binding::Element)),
            None => {}
        }
    }

    /// What only the whole pattern shows.
    pub fn close(&mut self, cursor: &mut Cursor<'_>) {
        let report = &mut cursor.report;
        report.broad |= self.path && (self.bare || self.many);
        report.bare_nodes |= self.bare;
        report.wide |= self.role != Role::Match && self.hops > 0 && !self.fresh.is_empty();
        for names in self.fresh.drain(..) {
            report.changes_labels(&names);
        }
        let features = &mut report.features;
        features.nodes += self.nodes;
        features.hops += self.hops;
        features.depth = features.depth.max(self.depth);
        features.many_hops |= self.many;
    }
}

fn count(labels: &Option<Labels>) -> u32 {
    let names = labels.as_ref().map_or(0, |labels| labels.names.len());
    u32::try_from(names).unwrap_or(u32::MAX)
}
