//! The names that a change of aliases touches.

use json_reader::Json;

/// The most names of one request that are followed; with more everything is invalidated.
const MAX_NAMES: usize = 1000;

/// Every name under `actions`; `None` when the body has another form than an object of objects,
/// so that names could be hidden in it.
pub fn names<'d>(document: &'d Json<'d>) -> Option<Vec<&'d str>> {
    let Json::Array(actions) = document.get("actions")? else {
        return None;
    };
    let mut names = Vec::new();
    for (_, change) in actions.iter().flat_map(Json::members) {
        for (_, name) in change.members() {
            names.push(name.as_str()?);
        }
    }
    let understood = actions.iter().all(is_change) && names.len() <= MAX_NAMES;
    understood.then_some(names)
}

/// `{"create_alias": {..}}`: every member is an object with members.
fn is_change(action: &Json<'_>) -> bool {
    let changes = action.members();
    !changes.is_empty()
        && changes
            .iter()
            .all(|(_, change)| !change.members().is_empty())
}
