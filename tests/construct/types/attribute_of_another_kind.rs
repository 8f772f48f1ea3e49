//! An attribute of functions on a queue.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").memory(mib(256)).build();
    drop(stack);
}
