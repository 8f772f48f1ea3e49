//! A topic where a queue is wanted: what is published to it reaches workers through queues.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    let orders = FanOut::new(&mut stack, "order-events").build();
    Worker::new(&mut stack, "billing").package("billing").consumes(orders.topic()).build();
    drop(stack);
}
