//! The command `queuestack`.

use std::process::ExitCode;

fn main() -> ExitCode {
    queuestack::cli::main()
}
