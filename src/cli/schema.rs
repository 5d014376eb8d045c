//! `pointsman schema`: prints what a configuration may hold.

use super::SchemaArgs;
use crate::config::print;
use std::io::Write;
use std::process::ExitCode;

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A JSON schema, draft 2020-12.
    Json,
    /// A file with every key and its default.
    Yaml,
    /// The reference.
    Markdown,
}

/// The text in a format.
pub fn text(format: Format) -> String {
    match format {
        Format::Json => format!("{:#}\n", print::schema()),
        Format::Yaml => print::yaml(),
        Format::Markdown => print::markdown(),
    }
}

/// Prints it. A reader that goes away (`| head`) is no failure.
pub fn run(args: &SchemaArgs) -> ExitCode {
    let _ = std::io::stdout().write_all(text(args.format).as_bytes());
    ExitCode::SUCCESS
}
