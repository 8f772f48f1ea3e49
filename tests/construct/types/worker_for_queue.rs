//! A worker where a queue is wanted.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    let worker = Worker::new(&mut stack, "worker").package("worker").build();
    Worker::new(&mut stack, "other").package("other").consumes(&worker).build();
    drop(stack);
}
