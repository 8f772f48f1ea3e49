use queuestack::construct::*;
pub fn stack() -> Stack { Stack::new("a") }
