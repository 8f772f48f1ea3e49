//! A worker: a Lambda function that handles a queue's messages, with all that it needs, as one block.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
//! It is no resource of its own. It stands for a log group, a role, a function, the mapping that feeds it and
//! alarms, under its logical name; what the stack file says of one of those by that name wins over the block.

mod alarms;
mod check;
mod grant;
mod make;
mod permissions;
mod rows;
#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::{Kind, Live, Row, policy, role};
use crate::model::{Resource, Stack};
use crate::value::Place;

pub use rows::*;

/// The kind `worker`.
#[derive(Debug)]
pub struct Worker;

impl Kind for Worker {
    fn name(&self) -> &'static str {
        "worker"
    }

    fn section(&self) -> &'static str {
        "workers"
    }

    fn doc(&self) -> &'static str {
        "A Lambda worker of a queue: role, log group, function, mapping and alarms as one block."
    }

    fn rows(&self) -> &'static [Row] {
        rows::ROWS
    }

    fn tag_type(&self) -> &'static str {
        ""
    }

    /// Nothing refers to a worker: it is gone before references are resolved. This is its function's ARN.
    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("lambda", &format!("function:{name}"))
    }

    fn name_in_arn<'a>(&self, _arn: &'a str) -> Option<&'a str> {
        None
    }

    fn expand(&self, worker: &mut Resource, stack: &mut Stack, out: &mut Diagnostics) {
        take_defaults(worker, stack);
        check::code(worker, stack, out);
        policy::check::check(worker, &rows::POLICY, &role::check::INLINE_DIALECT, out);
        let made = make::make(worker, stack);
        check::shared_queue(worker, &made, stack, out);
        make::fit_times(&made, stack);
        let grants = grant::read(worker, stack, out);
        make::environment(worker, &made, &grants, stack);
        check::environment(worker, &made, &grants, stack, out);
        permissions::fill_role(worker, &made, &grants, stack, out);
        alarms::make(worker, &made, stack);
    }

    /// All is checked while it expands: nothing of it is left afterwards.
    fn check(&self, _resource: &Resource, _out: &mut Diagnostics) {}

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn live(&self) -> Option<&dyn Live> {
        None
    }
}

/// Gives it what `defaults: {workers: …}` says and it does not.
fn take_defaults(worker: &mut Resource, stack: &Stack) {
    let Some(defaults) = stack.defaults.get(worker.address.kind) else { return };
    for row in rows::ROWS {
        if let Some(value) = defaults.get(row.key).filter(|_| worker.get(row).is_null()) {
            worker.set(row, value.clone());
        }
    }
}
