//! Visitors of every resource: policies of a team, applied to all of a stack.
//!
//! They run on the complete stack, when short forms and defaults are written out and before any rule looks, so that
//! they see the dead-letter queues, roles and alarms that nobody wrote.

use std::fmt;

use crate::diagnostic::{Diagnostics, Severity};
use crate::kind::{log_group, queue};
use crate::model::Resource;
use crate::value::Value;

/// Changes or refuses resources, one after the other, in the order of their addresses.
///
/// ```
/// use queuestack::construct::*;
/// use queuestack::diagnostic::Diagnostics;
/// use queuestack::kind::queue;
/// use queuestack::model::Resource;
/// use queuestack::value::Value;
///
/// #[derive(Debug)]
/// struct KeepLong;
///
/// impl Aspect for KeepLong {
///     fn visit(&self, resource: &mut Resource, _out: &mut Diagnostics) {
///         if resource.address.kind == "queue" {
///             resource.set(&queue::MESSAGE_RETENTION, Value::Int(1_209_600));
///         }
///     }
/// }
///
/// let stack = Stack::new("orders").aspect(KeepLong).aspect(aspects::Tag::new("cost-centre", "4711"));
/// ```
pub trait Aspect: fmt::Debug {
    /// Visits one resource: changes it, or adds what is wrong with it, see [`Resource::finding`].
    fn visit(&self, resource: &mut Resource, out: &mut Diagnostics);
}

/// Adds a tag to every resource that has none of this key.
#[derive(Clone, Debug)]
pub struct Tag {
    key: String,
    value: String,
}

impl Tag {
    /// Adds `key: value`.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }
}

impl Aspect for Tag {
    fn visit(&self, resource: &mut Resource, _out: &mut Diagnostics) {
        resource.tags.entry(self.key.clone()).or_insert_with(|| self.value.clone());
    }
}

/// Encrypts queues and log groups that name no KMS key: with this key, or queues with keys that SQS owns.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html>
#[derive(Clone, Debug)]
pub struct Encrypt {
    key: Option<String>,
}

impl Encrypt {
    /// Encrypts queues at rest with keys that SQS owns; log groups always are.
    #[must_use]
    pub fn managed() -> Encrypt {
        Encrypt { key: None }
    }

    /// Encrypts with this KMS key: its ARN, which is what log groups take.
    #[must_use]
    pub fn with_key(arn: impl Into<String>) -> Encrypt {
        Encrypt { key: Some(arn.into()) }
    }
}

impl Aspect for Encrypt {
    fn visit(&self, resource: &mut Resource, _out: &mut Diagnostics) {
        let row = match resource.address.kind {
            "queue" => &queue::KMS_KEY,
            "log_group" => &log_group::KMS_KEY,
            _ => return,
        };
        if !resource.get(row).is_null() {
            return;
        }
        let is_queue = resource.address.kind == "queue";
        if let Some(key) = &self.key {
            resource.set(row, Value::text(key));
            if is_queue {
                resource.set(&queue::SQS_MANAGED_SSE, Value::Bool(false));
                resource.set(&queue::KMS_DATA_KEY_REUSE, Value::Int(300));
            }
        } else if is_queue {
            resource.set(&queue::SQS_MANAGED_SSE, Value::Bool(true));
        }
    }
}

/// Refuses queue policies that let everybody in, where the rules only warn.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyPublic;

impl Aspect for DenyPublic {
    fn visit(&self, resource: &mut Resource, out: &mut Diagnostics) {
        let mut found = Diagnostics::default();
        resource.kind.check(resource, &mut found);
        for mut finding in found.iter().filter(|one| one.code.id == queue::codes::PUBLIC.id).cloned() {
            finding.severity = Severity::Error;
            out.push(finding);
        }
    }
}
