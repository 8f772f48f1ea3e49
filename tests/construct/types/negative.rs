//! A duration below nothing.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").delay(secs(-5)).build();
    drop(stack);
}
