//! `pointsman explain`: how a request would be handled, without a server. Understands and plans it
//! as the proxy does, against an idle machine and without measured times, and prints one line of JSON.
//! It sends nothing and learns nothing.

mod explanation;
mod lines;
mod request;

use crate::config::Config;
use crate::dialect::{Body, Dialect, DialectName, Request};
use crate::plan::{ExecutionStrategy, PlanContext, PlanHistory, Planner, SystemLoad};
use clap::builder::{PossibleValue, PossibleValuesParser};
use explanation::{ExplainFailure, Explanation};
use lines::Lines;
use request::ExplainRequest;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// Explains one request given as flags or, without flags, one request for each line of standard
/// input: {"dialect": "qdrant", "method": "POST", "path": "/collections/docs/points/query",
/// "headers": {"api-key": "..."}, "body": {...}}. The output has one line of JSON for each, in order.
#[derive(Debug, Default, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExplainArgs {
    /// How the database speaks. Without it, requests are read from standard input, one JSON object per line.
    #[arg(long, value_name = "NAME", requires = "path", value_parser = dialect_words())]
    pub dialect: Option<String>,

    /// Path and query of the request, as a client would send it: /db/neo4j/query/v2
    #[arg(long, requires = "dialect")]
    pub path: Option<String>,

    /// Method of the request. Default: POST with a body, GET without.
    #[arg(long, requires = "dialect")]
    pub method: Option<String>,

    /// A header field; may be given several times.
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        requires = "dialect"
    )]
    pub headers: Vec<String>,

    /// Body of the request, or @FILE to read it from a file.
    #[arg(
        long,
        value_name = "TEXT|@FILE",
        requires = "dialect",
        conflicts_with = "body_base64"
    )]
    pub body: Option<String>,

    /// Body of the request in base64, for bytes that are no text.
    #[arg(long, value_name = "BASE64", requires = "dialect")]
    pub body_base64: Option<String>,

    /// Name of the service that is part of tags. Default: the name of the dialect.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman explain --dialect qdrant --path /collections/docs/points/query --body '{\"query\":[0.1,0.2],\"limit\":5}'
  pointsman explain --dialect neo4j --path /db/neo4j/query/v2 --body @request.json -H 'content-type: application/json'
  pointsman explain < requests.jsonl

Keys of a line:
  dialect      as --dialect (required)
  path         path and query (required)
  method       default: POST with a body, GET without
  headers      {\"name\": \"value\"} or {\"name\": [\"value\", \"value\"]}
  body         a JSON value, or a string that is taken as the body's own bytes
  body_base64  a body that is no text

What the explanation says:
  effect       read, write, schema, admin, session or unknown, which is taken as a write
  tags         what a response depends on (reads), and what the request makes old (invalidates)
  complexity   the level, its score and the terms that add up to it
  cost, time   the estimate, time in seconds
  cache        whether a response would be stored (policy), how long, and why not";

fn dialect_words() -> PossibleValuesParser {
    let values = DialectName::WORDS.iter();
    PossibleValuesParser::new(values.map(|(word, about)| PossibleValue::new(word).help(about)))
}

/// Makes a dialect from its name and the name of its service; `None` for a name that is not known.
pub type Dialects<'a> = &'a dyn Fn(&str, &str) -> Option<Box<dyn Dialect>>;

/// Explains what the arguments or the lines of `input` describe. Fails when any request could not
/// be read; the others are explained all the same.
pub fn run(
    args: &ExplainArgs,
    config: &Config,
    dialects: Dialects<'_>,
    input: impl BufRead,
    mut output: impl Write,
) -> ExitCode {
    let explainer = Explainer::new(config, dialects, args.service.as_deref());
    let explained = if args.dialect.is_some() {
        explainer.flags(args, &mut output)
    } else {
        explainer.lines(Lines::new(input), &mut output)
    };
    match explained {
        Ok(true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Understands and plans requests, one after the other.
struct Explainer<'a> {
    planner: Planner,
    config: &'a Config,
    dialects: Dialects<'a>,
    service: Option<&'a str>,
}

impl<'a> Explainer<'a> {
    fn new(config: &'a Config, dialects: Dialects<'a>, service: Option<&'a str>) -> Self {
        Self {
            planner: Planner::new(&config.planner, &config.cache),
            config,
            dialects,
            service,
        }
    }

    fn flags(&self, args: &ExplainArgs, output: &mut impl Write) -> io::Result<bool> {
        let explained =
            ExplainRequest::from_flags(args).and_then(|described| self.explain(&described));
        write(output, None, explained)
    }

    /// Explains line by line, so that a pipe can be used as a conversation.
    fn lines<R: BufRead>(&self, mut lines: Lines<R>, output: &mut impl Write) -> io::Result<bool> {
        let mut all_good = true;
        while let Some((number, line)) = lines.next()? {
            let described = line.and_then(ExplainRequest::from_line);
            let explained = described.and_then(|described| self.explain(&described));
            all_good &= write(output, Some(number), explained)?;
        }
        Ok(all_good)
    }

    /// Each request meets a dialect of its own: what a line does to names or shapes changes no later explanation.
    fn explain(&self, described: &ExplainRequest) -> Result<Explanation, String> {
        let dialect = self.dialect(&described.dialect)?;
        let call = dialect.understand(&self.request(described));
        let execution = ExecutionStrategy::of_store(dialect.store());
        let context = PlanContext {
            execution,
            history: &PlanHistory::default(),
            load: &SystemLoad::default(),
            database: None,
            user: self.user(described),
        };
        let plan = self.planner.plan(&call, context);
        let decision = self.planner.cache_decision(&call, &plan);
        let longest = self.config.cache.credential_ttl;
        Ok(Explanation::new(call, plan, decision, longest))
    }

    fn dialect(&self, name: &str) -> Result<Box<dyn Dialect>, String> {
        let made = (self.dialects)(name, self.service.unwrap_or(name));
        made.ok_or_else(|| {
            let words: Vec<&str> = DialectName::WORDS.iter().map(|(word, _)| *word).collect();
            format!("dialect: {name:?}; expected one of {}", words.join(", "))
        })
    }

    /// The request as the proxy would hand it on: a body beyond the peek limit is seen by its beginning.
    fn request<'r>(&self, described: &'r ExplainRequest) -> Request<'r> {
        let limit = self.config.path.peek_limit.bytes();
        let long = described.body.len() > limit;
        let head = described.body.get(..limit).filter(|_| long);
        Request {
            method: &described.method,
            target: &described.target,
            headers: &described.headers,
            body: head.map_or(Body::Whole(&described.body), Body::Prefix),
        }
    }

    fn user<'r>(&self, described: &'r ExplainRequest) -> Option<&'r str> {
        let header = self.config.planner.user_header.as_str();
        described.headers.get(header)?.to_str().ok()
    }
}

/// Writes one explanation and flushes it; returns whether it was an explanation.
fn write(
    output: &mut impl Write,
    line: Option<u64>,
    explained: Result<Explanation, String>,
) -> io::Result<bool> {
    let good = explained.is_ok();
    match explained {
        Ok(explanation) => serde_json::to_writer(&mut *output, &explanation)?,
        Err(error) => serde_json::to_writer(&mut *output, &ExplainFailure { line, error })?,
    }
    output.write_all(b"\n")?;
    output.flush()?;
    Ok(good)
}

#[cfg(test)]
mod tests;
