//! One whom a topic concerns, not built: there is no queue yet.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    let orders = FanOut::new(&mut stack, "order-events").build();
    let billing = orders.to(&mut stack, "billing").only("type", ["order.paid"]);
    Worker::new(&mut stack, "billing").package("billing").consumes(&billing).build();
    drop(stack);
}
