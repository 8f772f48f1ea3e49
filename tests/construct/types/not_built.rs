//! What is not built is not silently left out.

#![deny(unused_must_use)]

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").dead_letter(5);
    drop(stack);
}
