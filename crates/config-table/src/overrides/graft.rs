//! Puts one value into the tree, and the sections and lists on the way to it.

use crate::decode::{Problem, is_reference};
use crate::table::Shape;
use crate::tree::{Body, Node, Place, Step, parse};

/// Puts a text at a path. What in the file stands in the way stays, for the reader to report.
pub fn graft(
    root: &mut Node,
    shape: &Shape,
    path: &[Step],
    place: &Place,
    text: &str,
) -> Result<(), Problem> {
    let (mut node, mut shape) = (root, shape);
    for step in path {
        let Some(below) = below(shape, step) else {
            return Ok(());
        };
        make_room(node, shape, step, place);
        match enter(node, step, place) {
            Entered::Node(child) => node = child,
            Entered::Gap(length) => {
                return Err(Problem {
                    place: place.clone(),
                    path: path.to_vec(),
                    found: format!("item {}", index(step)),
                    expected: format!("an item of the list, which has {length}, or the next"),
                });
            }
            Entered::Blocked => return Ok(()),
        }
        shape = below;
    }
    *node = Node::new(place.clone(), value(shape, place, text, path)?);
    Ok(())
}

enum Entered<'n> {
    Node(&'n mut Node),
    /// The list is shorter, by more than one.
    Gap(usize),
    /// Something else stands there.
    Blocked,
}

fn below<'s>(shape: &'s Shape, step: &Step) -> Option<&'s Shape> {
    match (shape.solid(), step) {
        (Shape::Section(section), Step::Key(key)) => Some(section.field(key)?.shape),
        (Shape::Map(inner), Step::Key(_)) | (Shape::List(inner), Step::Index(_)) => Some(inner),
        _ => None,
    }
}

/// Nothing becomes a map or a list; a bare text becomes the section for which it stands.
fn make_room(node: &mut Node, shape: &Shape, step: &Step, place: &Place) {
    let short = shape.section().and_then(|section| section.short);
    let body = match (&node.body, step, short) {
        (Body::Nothing, Step::Key(_), _) => Body::Map(Vec::new()),
        (Body::Nothing, Step::Index(_), _) => Body::List(Vec::new()),
        (Body::Text(_), Step::Key(_), Some(short)) => Body::Map(vec![(short.into(), node.clone())]),
        _ => return,
    };
    if matches!(node.body, Body::Nothing) {
        node.named = place.clone();
        node.place = place.clone();
    }
    node.body = body;
}

fn enter<'n>(node: &'n mut Node, step: &Step, place: &Place) -> Entered<'n> {
    let blank = || Node::new(place.clone(), Body::Nothing);
    match (&mut node.body, step) {
        (Body::Map(entries), Step::Key(key)) => {
            if !entries.iter().any(|(name, _)| name == key) {
                entries.push((key.clone(), blank()));
            }
            let child = entries
                .iter_mut()
                .find_map(|(name, node)| (name == key).then_some(node));
            child.map_or(Entered::Blocked, Entered::Node)
        }
        (Body::List(items), Step::Index(index)) => {
            if items.len() == *index {
                items.push(blank());
            }
            let length = items.len();
            items
                .get_mut(*index)
                .map_or(Entered::Gap(length), Entered::Node)
        }
        _ => Entered::Blocked,
    }
}

/// A single value is taken as it is, unless it is one reference; anything wider is read as YAML.
fn value(shape: &Shape, place: &Place, text: &str, path: &[Step]) -> Result<Body, Problem> {
    match shape.solid() {
        Shape::Scalar(_) | Shape::Choice(_) => Ok(match text {
            "" | "null" => Body::Nothing,
            _ if is_reference(text) => Body::Text(text.into()),
            _ => Body::Text(text.replace('$', "$$")),
        }),
        _ if text.trim().is_empty() => Ok(Body::Nothing),
        _ => whole(place, text).map_err(|error| Problem {
            path: path.to_vec(),
            ..error
        }),
    }
}

/// A list or a section as YAML.
fn whole(place: &Place, text: &str) -> Result<Body, Problem> {
    let parsed = parse(text, Some(place))?;
    match parsed.problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(parsed.root.body),
    }
}

fn index(step: &Step) -> String {
    match step {
        Step::Index(index) => index.to_string(),
        Step::Key(key) => key.clone(),
    }
}
