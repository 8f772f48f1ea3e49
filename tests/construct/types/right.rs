//! Nothing is wrong: what the others are compared with.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    const HIDDEN: Seconds = mins(5).within(&queuestack::kind::queue::VISIBILITY_TIMEOUT);
    let jobs = Queue::new(&mut stack, "jobs").visibility_timeout(HIDDEN).dead_letter(5).build();
    Worker::new(&mut stack, "worker").package("worker").consumes(&jobs).build();
    jobs.dead_letters().alarm(&mut stack, 1);
    drop(stack);
}
