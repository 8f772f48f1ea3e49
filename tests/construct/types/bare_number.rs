//! A duration without a unit.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").visibility_timeout(30).build();
    drop(stack);
}
