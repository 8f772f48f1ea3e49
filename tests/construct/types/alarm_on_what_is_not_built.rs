//! An alarm on a queue that is not built.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").dead_letter(5).dead_letters().alarm(&mut stack, 1);
    drop(stack);
}
