//! The worker of calendar synchronisation.
fn main() {}
