//! A grant to a queue.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    let jobs = Queue::new(&mut stack, "jobs").build();
    jobs.grant_send(&mut stack, &jobs);
    drop(stack);
}
