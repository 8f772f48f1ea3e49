//! A constant that SQS does not take.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    const HIDDEN: Seconds = hours(13).within(&queuestack::kind::queue::VISIBILITY_TIMEOUT);
    Queue::new(&mut stack, "jobs").visibility_timeout(HIDDEN).build();
    drop(stack);
}
