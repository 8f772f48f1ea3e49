//! A size where a duration is wanted.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").visibility_timeout(kib(30)).build();
    drop(stack);
}
