//! The tags of one Qdrant service. Every stored response depends on the service's own tag as well,
//! so that invalidating that one invalidates all.

use super::alias_table::AliasKnowledge;
use crate::dialect::Tag;

/// Makes tags.
#[derive(Debug)]
pub struct Tags {
    /// The tag of the whole service.
    pub service: Tag,
    /// The tag of the alias table. No collection has an empty name, so none can take its place.
    pub aliases: Tag,
    /// The tag of the list of collections.
    pub collections: Tag,
}

impl Tags {
    /// The tags of a service.
    pub fn new(service: &str) -> Self {
        let service = Tag::service("qdrant", service);
        Self {
            aliases: service.below(&["", "aliases"]),
            collections: service.below(&["", "collections"]),
            service,
        }
    }

    /// The tags of a collection: its name and, when the name is an alias, what it stands for.
    pub fn collection(&self, name: &str, knowledge: &AliasKnowledge, tags: &mut Vec<Tag>) {
        let target = knowledge.target(name);
        for name in [Some(name), target].into_iter().flatten() {
            let tag = self.service.below(&[name]);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
}
