//! `queuestack explain`: what a code means.

use clap::Args as ClapArgs;

use crate::error::Error;
use crate::manifest::there_is_no;
use crate::rule;

/// Arguments of `explain`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The code, such as QS101; without one, all are listed.
    code: Option<String>,
}

/// Prints the reason and the fix of one code, or the list of all.
pub fn run(args: &Args) -> Result<u8, Error> {
    let Some(id) = &args.code else {
        let lines = rule::codes().into_iter().map(|code| format!("{}  {:7}  {}\n", code.id, code.severity, code.title));
        super::print(&lines.collect::<String>())?;
        return Ok(0);
    };
    let Some(code) = rule::find(id) else {
        let codes = rule::codes();
        let said =
            there_is_no(&format!("there is no code `{id}`"), &id.to_uppercase(), codes.iter().map(|code| code.id));
        return Err(Error::Usage(format!("{said} `queuestack explain` lists all.")));
    };
    super::print(&format!(
        "{} ({}): {}\n\nWhy:  {}\nFix:  {}\nSee:  {}\n",
        code.id, code.severity, code.title, code.reason, code.fix, code.link
    ))?;
    Ok(0)
}
