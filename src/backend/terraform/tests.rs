//! What the unit tests of this folder begin with.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostics, Source};
use crate::expand::{self, ADDRESS_TAG, STACK_TAG};
use crate::kind::{self, Found};
use crate::manifest::{self, Inputs};
use crate::model::{Attributes, Stack};
use crate::rule::check;
use crate::value::Place;

/// Reads a stack that has no errors.
pub fn stack(text: &str) -> Stack {
    let (stack, out) = checked(text, &BTreeMap::new());
    assert!(!out.has_errors(), "{:#?}", out.iter().map(|one| &one.message).collect::<Vec<_>>());
    stack
}

/// Reads a stack with marks for its variables; `None` when it has errors then.
pub fn read(text: &str, marks: &BTreeMap<String, String>) -> Option<Stack> {
    let (stack, out) = checked(text, marks);
    (!out.has_errors()).then_some(stack)
}

fn checked(text: &str, marks: &BTreeMap<String, String>) -> (Stack, Diagnostics) {
    let source = Source { path: "stack.yaml".to_owned(), text: text.to_owned(), ..Source::default() };
    let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
    let (mut stack, mut out) = manifest::read_marked(source, &inputs, marks);
    expand::expand(&mut stack, &mut out);
    check(&stack, &mut out);
    (stack, out)
}

/// A place for it.
pub fn place() -> Place {
    Place { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "123456789012".to_owned() }
}

/// A queue that is there, with messages.
pub fn queue(name: &str, stack: &str, messages: u64) -> Found {
    let address = format!("queue.{name}");
    Found {
        kind: kind::find("queue").expect("a kind"),
        name: name.to_owned(),
        arn: format!("arn:aws:sqs:eu-west-1:123456789012:{name}"),
        attributes: Attributes::new(),
        tags: BTreeMap::from([(STACK_TAG.to_owned(), stack.to_owned()), (ADDRESS_TAG.to_owned(), address)]),
        facts: BTreeMap::new(),
        holds: Some(messages),
    }
}
