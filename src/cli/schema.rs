//! `queuestack schema`: the JSON Schema of stack files.

use crate::error::Error;
use crate::schema::schema;

/// Prints the schema.
pub fn run() -> Result<u8, Error> {
    super::print_json(&schema())?;
    Ok(0)
}
