//! Which key a name means: letters in any case, `-` as `_`, names of services as the file has them.

use crate::table::Shape;
use crate::tree::{Body, Node, Step};

/// A part of a name that means no key.
pub enum Unknown {
    /// The part, and the keys that stand there; none below a single value.
    Among(String, Vec<&'static str>),
    /// An item of a list needs a number.
    Index,
}

/// The path that a name means.
pub fn resolve(root: &Node, shape: &Shape, parts: &[String]) -> Result<Vec<Step>, Unknown> {
    let mut path = Vec::new();
    let (mut node, mut shape) = (Some(root), shape);
    for part in parts {
        let (step, below) = step(node, shape, part)?;
        node = node.and_then(|node| node.child(&step));
        shape = below;
        path.push(step);
    }
    Ok(path)
}

fn step<'s>(
    node: Option<&Node>,
    shape: &'s Shape,
    part: &str,
) -> Result<(Step, &'s Shape), Unknown> {
    match shape.solid() {
        Shape::Section(section) => {
            let field = section.field(&part.to_lowercase());
            let names = || section.fields.iter().map(|field| field.key).collect();
            let field = field.ok_or_else(|| Unknown::Among(part.to_lowercase(), names()))?;
            Ok((field.key.into(), field.shape))
        }
        Shape::Map(below) => Ok((name(node, part), below)),
        Shape::List(below) => {
            let index = part.parse::<u16>().map_err(|_| Unknown::Index)?;
            Ok((usize::from(index).into(), below))
        }
        _ => Err(Unknown::Among(part.to_lowercase(), Vec::new())),
    }
}

/// The name as the tree has it, or else in lower case.
fn name(node: Option<&Node>, part: &str) -> Step {
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let Some(Body::Map(entries)) = node.map(|node| &node.body) else {
        return Step::Key(part.to_lowercase());
    };
    let known = entries
        .iter()
        .map(|(name, _)| name)
        .find(|name| plain(name) == plain(part));
    Step::Key(known.cloned().unwrap_or_else(|| part.to_lowercase()))
}
