//! The names of collections and aliases, shared by all listeners.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use qdrant_edge::OperationResult;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::engine::{Collection, CollectionConfig};
use super::responses::ApiError;

/// The names of a cluster, and the folder of its engines.
pub struct Catalog {
    root: Arc<TempDir>,
    names: RwLock<Names>,
}

#[derive(Default)]
struct Names {
    collections: BTreeMap<String, Arc<Collection>>,
    aliases: BTreeMap<String, String>,
}

/// The body of `POST /collections/aliases`.
#[derive(Deserialize)]
pub struct AliasActions {
    actions: Vec<AliasAction>,
}

#[derive(Deserialize)]
enum AliasAction {
    #[serde(rename = "create_alias")]
    Create {
        collection_name: String,
        alias_name: String,
    },
    #[serde(rename = "delete_alias")]
    Delete { alias_name: String },
    #[serde(rename = "rename_alias")]
    Rename {
        old_alias_name: String,
        new_alias_name: String,
    },
}

impl Catalog {
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            root: Arc::new(tempfile::tempdir()?),
            names: RwLock::default(),
        })
    }

    /// The collection of a name or alias.
    pub fn find(&self, name: &str) -> Result<Arc<Collection>, ApiError> {
        let names = self.names.read();
        let name = names.aliases.get(name).map_or(name, String::as_str);
        names
            .collections
            .get(name)
            .cloned()
            .ok_or_else(|| ApiError::collection_not_found(name))
    }

    pub fn names(&self) -> Vec<String> {
        self.names.read().collections.keys().cloned().collect()
    }

    /// Pairs of alias and collection; of one collection when given.
    pub fn aliases(&self, of: Option<&str>) -> Vec<(String, String)> {
        let names = self.names.read();
        let wanted = names
            .aliases
            .iter()
            .filter(|(_, target)| of.is_none_or(|of| of == *target));
        wanted
            .map(|(alias, target)| (alias.clone(), target.clone()))
            .collect()
    }

    pub fn create(
        &self,
        name: &str,
        config_json: Value,
        config: CollectionConfig,
        copies: usize,
    ) -> Result<(), ApiError> {
        let mut names = self.names.write();
        if names.collections.contains_key(name) {
            return Err(ApiError::conflict(format!(
                "Collection `{name}` already exists!"
            )));
        }
        if names.aliases.contains_key(name) {
            return Err(ApiError::wrong_input(format!(
                "Can't create collection with name {name}. Alias with the same name already exists"
            )));
        }
        let collection = Collection::create(self.root.clone(), config_json, config, copies)?;
        names
            .collections
            .insert(name.to_owned(), Arc::new(collection));
        Ok(())
    }

    /// Whether the collection existed. An alias does not count.
    pub fn delete(&self, name: &str) -> bool {
        let mut names = self.names.write();
        names.aliases.retain(|_, target| target != name);
        names.collections.remove(name).is_some()
    }

    /// Applies the actions in order until one fails.
    pub fn change_aliases(&self, actions: AliasActions) -> Result<(), ApiError> {
        let mut names = self.names.write();
        actions
            .actions
            .into_iter()
            .try_for_each(|action| names.change(action))
    }

    /// Gives every collection one more copy.
    pub fn add_copy(&self) -> OperationResult<()> {
        self.names
            .read()
            .collections
            .values()
            .try_for_each(|collection| collection.add_copy())
    }
}

impl Names {
    fn change(&mut self, action: AliasAction) -> Result<(), ApiError> {
        match action {
            AliasAction::Create {
                collection_name,
                alias_name,
            } => self.create_alias(collection_name, alias_name),
            AliasAction::Delete { alias_name } => self.remove_alias(&alias_name).map(|_| ()),
            AliasAction::Rename {
                old_alias_name,
                new_alias_name,
            } => {
                let target = self.remove_alias(&old_alias_name)?;
                self.aliases.insert(new_alias_name, target);
                Ok(())
            }
        }
    }

    fn create_alias(&mut self, collection: String, alias: String) -> Result<(), ApiError> {
        if !self.collections.contains_key(&collection) {
            return Err(ApiError::collection_not_found(&collection));
        }
        if self.collections.contains_key(&alias) {
            return Err(ApiError::conflict(format!(
                "Collection `{alias}` already exists!"
            )));
        }
        self.aliases.insert(alias, collection);
        Ok(())
    }

    fn remove_alias(&mut self, alias: &str) -> Result<String, ApiError> {
        let missing = || ApiError::not_found(format!("Alias {alias} does not exists!"));
        self.aliases.remove(alias).ok_or_else(missing)
    }
}
