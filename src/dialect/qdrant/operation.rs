//! What the table says of one operation, and the short constructors that keep a row on one line.
//! It holds no knowledge of a particular path: that is `operations.rs`.

use crate::dialect::{Effect, QueryType, Storability};

/// Which tags an operation reads or invalidates. C is the collection of the path, by name and by alias target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nothing that is stored depends on it.
    Nothing,
    /// C, and for searches the lookup collections that the body names.
    Collection,
    /// The list of collections.
    List,
    /// The alias table and the list of collections.
    Names,
    /// C, the alias table and the list of collections.
    CollectionAndNames,
    /// The alias table, and every name in the body with its target.
    Aliases,
    /// Everything of the service.
    Service,
}

/// What the success of an operation says about its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// It can be read.
    Always,
    /// It can be read if the request says `wait=true`.
    IfAwaited,
    /// It can be read unless the request says `wait=false`.
    UnlessUnawaited,
    /// It only was accepted.
    Never,
}

/// How the body of a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// It decides nothing.
    Ignored,
    /// One request: `/points/query`, `/points/scroll`.
    Single,
    /// One grouped search.
    Groups,
    /// Requests under `searches`.
    Batch,
    /// A list of `ids`.
    Ids,
    /// A count: it has no limit.
    Count,
    /// A facet.
    Facet,
    /// Changes of aliases under `actions`.
    Aliases,
}

/// One row: everything that method and path decide.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub method: &'static str,
    /// The path; `{name}` stands for one segment, a closing `*` for any rest.
    pub pattern: &'static str,
    /// The name in metrics, logs and explanations.
    pub name: &'static str,
    pub effect: Effect,
    pub storability: Storability,
    /// The response or the effect belongs to the one node that gets the request.
    pub local: bool,
    pub scope: Scope,
    pub acknowledged: Acknowledged,
    pub query_type: QueryType,
    pub reading: BodyForm,
}

impl Operation {
    /// A read whose response is never stored: the base of every other read.
    pub(super) const fn read(
        method: &'static str,
        pattern: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            method,
            pattern,
            name,
            effect: Effect::Read,
            storability: Storability::Never("server_state"),
            local: false,
            scope: Scope::Nothing,
            acknowledged: Acknowledged::Always,
            query_type: QueryType::Statistics,
            reading: BodyForm::Ignored,
        }
    }

    /// A stored read of a collection.
    pub(super) const fn data(
        pattern: &'static str,
        name: &'static str,
        query_type: QueryType,
        reading: BodyForm,
    ) -> Self {
        Self {
            storability: Storability::Yes,
            scope: Scope::Collection,
            query_type,
            reading,
            ..Self::read("POST", pattern, name)
        }
    }

    /// A change of points in the collection of the path.
    pub(super) const fn write(
        method: &'static str,
        pattern: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            effect: Effect::Write,
            storability: Storability::Never("not_a_read"),
            scope: Scope::Collection,
            acknowledged: Acknowledged::IfAwaited,
            query_type: QueryType::Write,
            ..Self::read(method, pattern, name)
        }
    }

    /// A change of a collection, its indexes, shards or names.
    pub(super) const fn schema(
        method: &'static str,
        pattern: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            effect: Effect::Schema,
            query_type: QueryType::SchemaAdmin,
            acknowledged: Acknowledged::Always,
            ..Self::write(method, pattern, name)
        }
    }

    /// Something about the server rather than its data.
    pub(super) const fn admin(
        method: &'static str,
        pattern: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            effect: Effect::Admin,
            scope: Scope::Nothing,
            ..Self::schema(method, pattern, name)
        }
    }

    /// Not in Qdrant's description and not known to be served: taken as a write.
    pub(super) const fn unknown(
        method: &'static str,
        pattern: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            effect: Effect::Unknown,
            query_type: QueryType::Unknown,
            ..Self::write(method, pattern, name)
        }
    }

    pub(super) const fn local(self) -> Self {
        let storability = match self.effect {
            Effect::Read => Storability::Never("node_local"),
            _ => self.storability,
        };
        Self {
            local: true,
            storability,
            ..self
        }
    }

    pub(super) const fn stored(self, storability: Storability, scope: Scope) -> Self {
        Self {
            storability,
            scope,
            ..self
        }
    }

    pub(super) const fn scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    pub(super) const fn acknowledged(self, acknowledged: Acknowledged) -> Self {
        Self {
            acknowledged,
            ..self
        }
    }

    pub(super) const fn kind(self, query_type: QueryType) -> Self {
        Self { query_type, ..self }
    }

    pub(super) const fn reading(self, reading: BodyForm) -> Self {
        Self { reading, ..self }
    }

    /// Whether it may change which collection a name stands for.
    pub fn changes_names(&self) -> bool {
        self.effect != Effect::Read
            && matches!(
                self.scope,
                Scope::Names | Scope::CollectionAndNames | Scope::Aliases | Scope::Service
            )
    }
}
