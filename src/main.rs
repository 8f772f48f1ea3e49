//! The command `queuestack`.

use std::process::ExitCode;

/// A plan makes and drops some million small values on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    queuestack::cli::main()
}
