//! What attributes that name other resources take: a handle of the right kind, or an ARN.

use std::marker::PhantomData;

use super::fact;
use super::settings::{Setting, Written};
use crate::model::{self, Address, Ref as ModelRef};
use crate::value::Value;

/// The ARN of something outside the stack, made by [`arn`].
#[derive(Clone, Debug, PartialEq)]
pub struct Arn(Value);

/// The ARN of something outside the stack; that it is one is checked when it is built.
#[must_use]
pub fn arn(text: impl Into<String>) -> Arn {
    Arn(fact::read(&text.into()))
}

/// Names a resource of kind `K`: `&queue`, or an [`Arn`].
#[derive(Clone, Debug)]
pub struct Ref<K> {
    value: Value,
    kind: PhantomData<fn() -> K>,
}

/// Says which handles an attribute takes.
#[diagnostic::on_unimplemented(
    message = "this attribute takes a `{Self}`, not a `{Handle}`",
    label = "a handle of another kind"
)]
pub trait Takes<Handle> {}

impl<K> Ref<K> {
    pub(super) fn to(address: &Address) -> Ref<K> {
        Ref { value: ModelRef::hard(address, model::Fact::Arn), kind: PhantomData }
    }
}

impl<K> From<Arn> for Ref<K> {
    fn from(arn: Arn) -> Ref<K> {
        Ref { value: arn.0, kind: PhantomData }
    }
}

impl<K> Setting for Ref<K> {
    fn written(self) -> Written {
        Written::plain(self.value)
    }
}

impl Setting for Arn {
    fn written(self) -> Written {
        Written::plain(self.0)
    }
}
