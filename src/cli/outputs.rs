//! `queuestack outputs`: what applications need to know of a stack.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

use super::session::{Session, StackArgs, load};
use super::target::TargetArgs;
use crate::error::{EXIT_OK, Error};
use crate::event::Silent;
use crate::outputs::{Whereabouts, outputs};

/// Arguments of `outputs`.
///
/// Queue URLs are QUEUE_URL_<NAME>, spelled as workers are told them, with ARNs and names of the other resources, the
/// Region and the endpoint. A stack with one queue also gives QUEUE_URL, DLQ_URL and SQS_QUEUE_URL.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Give this queue, by its logical name, as QUEUE_URL, DLQ_URL and SQS_QUEUE_URL.
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// How they are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// `NAME=value` lines, quoted for POSIX shells where that is needed.
    Env,
    /// One JSON object.
    Json,
}

/// Reads what is there and prints it.
pub async fn run(args: Args) -> Result<u8, Error> {
    let stack = load(&args.stack)?;
    let session = Session::open(&args.target, &stack, Arc::new(Silent)).await?;
    let region = session.aws.place().await?.region.clone();
    let whereabouts = Whereabouts { region: &region, endpoint: session.endpoint.as_deref() };
    let outputs = outputs(&stack, &session.found, whereabouts, args.queue.as_deref())
        .map_err(|error| Error::Usage(error.to_string()))?;
    match args.format {
        Format::Text => super::print(&text(&outputs))?,
        Format::Env => super::print(&env(&outputs))?,
        Format::Json => super::print_json(&json!(outputs))?,
    }
    Ok(EXIT_OK)
}

fn text(outputs: &BTreeMap<String, String>) -> String {
    let width = outputs.keys().map(String::len).max().unwrap_or(0);
    outputs.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name:width$}  {value}");
        text
    })
}

fn env(outputs: &BTreeMap<String, String>) -> String {
    outputs.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}={}", quoted(value));
        text
    })
}

/// Quotes what a shell would read otherwise; what it reads as it is stays plain, for readers that know no quotes.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_there() {
        for value in ["http://127.0.0.1:4566/0/jobs", "", "a b", "it's", "$(touch x)`x`\"\\", "a\nb", "ü;&|"] {
            let outputs = BTreeMap::from([("NAME".to_owned(), value.to_owned())]);
            let script = format!("{}printf '%s' \"$NAME\"", env(&outputs));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value, "{script}");
        }
        assert_eq!(quoted("http://127.0.0.1:4566/0/jobs"), "http://127.0.0.1:4566/0/jobs");
    }
}
