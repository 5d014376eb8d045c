//! YAML text -> tree, by events. Bounded: bytes, nodes, depth, aliases; an alias is copied and
//! counted, so that a few lines cannot stand for a million. Tags, merge keys and keys that are no
//! names are reported and left out; the rest is read, so that all errors are reported at once.

use super::open::Open;
use super::{Body, Node, Place};
use crate::decode::Problem;
use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag, options};
use std::borrow::Cow;
use std::collections::HashMap;

/// Bytes of a configuration at most.
pub const MAX_BYTES: usize = 1 << 20;
const MAX_NODES: usize = 10_000;
const MAX_DEPTH: usize = 16;
const MAX_ALIASES: usize = 100;

/// A tree, and what in the text is no part of it.
#[derive(Debug)]
pub struct Parsed {
    /// The tree.
    pub root: Node,
    /// Tags, merge keys, and keys that are no names.
    pub problems: Vec<Problem>,
}

/// Reads one document. `fixed` stands for every place when the text is not a file.
///
/// # Errors
/// What is not YAML, not one document, or over a bound.
pub fn parse(text: &str, fixed: Option<&Place>) -> Result<Parsed, Problem> {
    let builder = Builder {
        fixed,
        documents: 0,
        nodes: 0,
        aliases: 0,
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        problems: Vec::new(),
    };
    builder.run(text)
}

struct Builder<'a> {
    fixed: Option<&'a Place>,
    documents: usize,
    nodes: usize,
    aliases: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn run(mut self, text: &str) -> Result<Parsed, Problem> {
        if text.len() > MAX_BYTES {
            let found = format!("{} bytes", text.len());
            return Err(self.whole(found, format!("at most {MAX_BYTES}")));
        }
        let options = options! {
            emit_comments: false,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            self.take(event, &span)?;
        }
        match self.root.take() {
            Some(root) => Ok(Parsed {
                root,
                problems: self.problems,
            }),
            None => Err(self.whole("nothing", "keys and values")),
        }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problem> {
        let place = self.place(&span.start);
        match event {
            Event::DocumentStart(..) => self.document(place),
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(tag.as_ref(), &place);
                self.add(anchor, Node::new(place, scalar(text, style)))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(place, anchor, tag.as_ref(), Body::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.begin(place, anchor, tag.as_ref(), Body::Map(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, place),
            _ => Ok(()),
        }
    }

    fn document(&mut self, place: Place) -> Result<(), Problem> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Problem::plain(place, "a second document", "one document"));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        place: Place,
        anchor: usize,
        tag: Option<&Cow<'_, Tag>>,
        body: Body,
    ) -> Result<(), Problem> {
        self.untagged(tag, &place);
        self.fits(&place, 1)?;
        self.open.push(Open {
            place,
            anchor,
            body,
            key: None,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        match self.open.pop() {
            Some(done) => self.add(done.anchor, Node::new(done.place, done.body)),
            None => Ok(()),
        }
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Problem> {
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            let expected = format!("at most {MAX_ALIASES}");
            return Err(Problem::plain(place, "too many aliases", expected));
        }
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let found = "an alias of the value that it stands in";
            return Err(Problem::plain(
                place,
                found,
                "an alias of a value that is complete",
            ));
        };
        let (nodes, height) = node.extent();
        self.nodes += nodes - 1;
        self.fits(&place, height)?;
        self.add(0, node)
    }

    /// Counts a node and puts it where it belongs: root, item, key or value.
    fn add(&mut self, anchor: usize, node: Node) -> Result<(), Problem> {
        self.nodes += 1;
        self.fits(&node.place, 0)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        let waiting = open.key.take();
        if let Some((place, found, expected)) = open.add(node, waiting) {
            self.report(place, found, expected);
        }
        Ok(())
    }

    /// Reports something at the value that is being read.
    fn report(&mut self, place: Place, found: &str, expected: &str) {
        let path = self.open.iter().filter_map(Open::step).collect();
        self.problems.push(Problem {
            path,
            ..Problem::plain(place, found, expected)
        });
    }

    fn untagged(&mut self, tag: Option<&Cow<'_, Tag>>, place: &Place) {
        if tag.is_some() {
            self.report(
                place.clone(),
                "a tag, which is not supported",
                "the value alone",
            );
        }
    }

    fn fits(&self, place: &Place, height: usize) -> Result<(), Problem> {
        if self.nodes > MAX_NODES {
            let expected = format!("at most {MAX_NODES}, aliases counted in full");
            return Err(Problem::plain(place.clone(), "too many values", expected));
        }
        if self.open.len() + height > MAX_DEPTH {
            return Err(too_deep(place.clone()));
        }
        Ok(())
    }

    fn place(&self, mark: &Marker) -> Place {
        match self.fixed {
            Some(place) => place.clone(),
            None => Place::File {
                line: mark.line().max(1),
                column: mark.col() + 1,
            },
        }
    }

    fn whole(&self, found: impl Into<String>, expected: impl Into<String>) -> Problem {
        let start = Place::File { line: 1, column: 1 };
        Problem::plain(self.fixed.cloned().unwrap_or(start), found, expected)
    }

    /// The parser's messages quote no more of the text than single characters, escaped.
    fn syntax(&self, error: &ScanError) -> Problem {
        let place = self.place(error.marker());
        match error.kind() {
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation => {
                Problem::plain(place, error.info(), "spaces, not tabs, before a key")
            }
            ErrorKind::RecursionLimitExceeded => too_deep(place),
            _ => Problem::plain(place, error.info(), "YAML"),
        }
    }
}

fn too_deep(place: Place) -> Problem {
    let expected = format!("at most {MAX_DEPTH} levels");
    Problem::plain(place, "values nested too deep", expected)
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Body {
    let absent = matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
    if absent && style == ScalarStyle::Plain {
        Body::Nothing
    } else {
        Body::Text(text.into_owned())
    }
}
