//! A stack with mistakes that compile.

use queuestack::construct::*;

struct Tenant {
    memory: Bytes,
}

impl Construct for Tenant {
    type Output = Queue;

    fn build(self, scope: &mut Scope) -> Queue {
        let jobs = Queue::new(scope, "jobs").delay(mins(16)).dead_letter(5).build();
        jobs.dead_letters().alarm(scope, 1);
        Worker::new(scope, "worker").package("worker").consumes(&jobs).memory(self.memory).build();
        jobs
    }
}

/// Describes it.
pub fn stack() -> Stack {
    let mut stack = Stack::new("wrong").account("12").region("Ireland");
    let jobs = Queue::new(&mut stack, "jobs").visibility_timeout(hours(13)).build();
    jobs.dead_letters().alarm(&mut stack, 1);
    Queue::new(&mut stack, "jobs").build();
    Queue::new(&mut stack, "a.b").build();

    let acme = stack.add("acme", Tenant { memory: kib(500) });
    stack.within("zeta", |scope| {
        let unbuilt = Worker::later(scope, "worker");
        acme.grant_send(scope, &unbuilt);
    });

    let misspelt = Queue::later(&mut stack, "jbos");
    Worker::new(&mut stack, "caller").package("caller").consumes(&misspelt).build();
    Queue::new(&mut stack, "named").name(format!("named-{}", region())).policy(Document::read("{")).build();
    LogGroup::new(&mut stack, "log").retention(hours(36)).build();
    Alarm::new(&mut stack, "alarm").actions([arn("topic")]).promql(Promql::new().query("")).build();
    jobs.moved_from(&mut stack, "a.b");
    Worker::new(&mut stack, "secret").package("secret").environment("TOKEN", ssm("")).build();
    stack
}
