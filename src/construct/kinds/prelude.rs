//! What the tables name.

pub(super) use crate::construct::kinds::*;
pub(super) use crate::construct::macros::{facts, kind, matchers, part, subjects, words};
pub(super) use crate::construct::{Bytes, Document, Ref, Seconds};
