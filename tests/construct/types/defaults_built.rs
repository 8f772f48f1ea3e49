//! Defaults are set, not built.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::defaults(&mut stack).delay(secs(5)).build();
    drop(stack);
}
