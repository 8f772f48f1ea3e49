//! A name where a queue is wanted.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Worker::new(&mut stack, "worker").package("worker").consumes("jobs").build();
    drop(stack);
}
