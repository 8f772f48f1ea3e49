//! A duration held against the range of a size.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    const SIZE: Seconds = secs(5).within(&queuestack::kind::queue::MAX_MESSAGE_SIZE);
    Queue::new(&mut stack, "jobs").delay(SIZE).build();
    drop(stack);
}
