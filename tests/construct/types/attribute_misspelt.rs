//! An attribute that queues do not have.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Queue::new(&mut stack, "jobs").visibilty_timeout(secs(30)).build();
    drop(stack);
}
