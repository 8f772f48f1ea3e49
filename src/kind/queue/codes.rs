//! What can be wrong with one queue: the codes QS101 to QS149.

use super::{DLQ, SET, SSE};
use crate::diagnostic::Code;

const NAMES: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html";
const FIFO: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fifo-queues.html";
const HIGH_THROUGHPUT: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html";
const POLL: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html";
const REDRIVE_ALLOW: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html";
const POLICY: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-creating-custom-policies.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html";
const SAFE: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html";

/// A name that SQS refuses.
pub static NAME: Code = Code::error("QS101", "a queue name that SQS refuses")
    .because("A queue name has 1 to 80 letters, digits, `-` and `_`; a FIFO queue's ends in `.fifo`, which counts.")
    .fix("Shorten the name or replace the characters, with `name:` if the logical name is to stay.")
    .see(NAMES);

/// `.fifo` at the end of a standard queue's name.
pub static FIFO_NAME: Code = Code::error("QS102", "a standard queue with the name of a FIFO queue")
    .because("Only FIFO queues may have names that end in `.fifo`.")
    .fix("Add `fifo: true`, or drop the suffix.")
    .see(FIFO);

/// A FIFO attribute on a standard queue.
pub static FIFO_ONLY: Code = Code::error("QS103", "a FIFO attribute on a standard queue")
    .because("SQS knows this attribute of FIFO queues alone and refuses it on a standard queue.")
    .fix("Add `fifo: true`, or remove the attribute.")
    .see(FIFO);

/// A throughput limit per group with deduplication per queue.
pub static THROUGHPUT_SCOPE: Code = Code::error("QS104", "a throughput limit that needs another deduplication scope")
    .because("SQS counts throughput per message group only where duplicates are looked for per message group.")
    .fix("Add `deduplication_scope: message_group`.")
    .see(HIGH_THROUGHPUT);

/// Two kinds of encryption.
pub static TWO_ENCRYPTIONS: Code = Code::error("QS105", "two kinds of encryption at once")
    .because("A queue is encrypted with keys of SQS or with a KMS key, never with both.")
    .fix("Remove `sqs_managed_sse`, or remove `kms_key`.")
    .see(SSE);

/// Key reuse without a key.
pub static REUSE_WITHOUT_KEY: Code = Code::warning("QS106", "a data key period without a KMS key")
    .because("Without `kms_key` there is no data key whose reuse this could limit.")
    .fix("Add `kms_key`, or remove `kms_data_key_reuse`.")
    .see(SSE);

/// A redrive policy that does not say after how many receives.
pub static NO_RECEIVE_COUNT: Code = Code::error("QS107", "a redrive policy without a receive count")
    .because("SQS must be told after how many receives a message is a dead letter.")
    .fix("Add `max_receive_count: 5`.")
    .see(DLQ);

/// A receive count that spares nothing.
pub static LOW_RECEIVE_COUNT: Code = Code::warning("QS108", "a receive count that leaves no room for a hiccup")
    .because(
        "One time-out, one deployment or one throttled delivery uses up a receive, and the message is a dead letter.",
    )
    .fix("Allow at least 3 receives, under Lambda at least 5, as AWS advises.")
    .see(DLQ);

/// An ARN that is no queue's.
pub static BAD_ARN: Code = Code::error("QS109", "an ARN that is not a queue's")
    .because("A queue's ARN is `arn:<partition>:sqs:<region>:<account>:<name>`.")
    .fix("Write the ARN of an SQS queue, or the logical name of one of this stack.")
    .see(DLQ);

/// A redrive allow policy that lists nobody, or lists without `by_queue`.
pub static REDRIVE_ALLOW_LIST: Code = Code::error("QS111", "a redrive allow policy whose list does not fit")
    .because("`by_queue` needs the queues that it allows, and SQS refuses a list beside any other permission.")
    .fix("Use `permission: by_queue` with `source_queues`, or `allow_all` or `deny_all` alone.")
    .see(REDRIVE_ALLOW);

/// Redrive and no visibility timeout.
pub static NO_VISIBILITY: Code = Code::warning("QS115", "a queue that redrives and hides nothing")
    .because("With a visibility timeout of 0s a message is received again while it is still being handled, and soon is a dead letter.")
    .fix("Set `visibility_timeout` to at least 6 times what handling a message takes.")
    .see(SET);

/// Messages that expire before anybody can see them.
pub static EXPIRES_UNSEEN: Code = Code::error("QS116", "messages that expire before anybody can receive them")
    .because("The delay hides a message for as long as the queue keeps it, or longer: every message is lost.")
    .fix("Shorten `delay`, or lengthen `message_retention`.")
    .see(SET);

/// Explicit short polling.
pub static SHORT_POLLING: Code = Code::warning("QS117", "short polling")
    .because("Receives that do not wait ask some of the servers only, miss messages that are there, and cost a call each time.")
    .fix("Remove `receive_wait_time` (20s), or set it to 1s or more.")
    .see(POLL);

/// One failed receive and the message is gone.
pub static EXPIRES_HIDDEN: Code = Code::warning("QS118", "messages that expire while they are hidden")
    .because("A message whose first handling fails comes back after the visibility timeout, when the queue has dropped it already.")
    .fix("Shorten `visibility_timeout`, or lengthen `message_retention`.")
    .see(SET);

/// A redrive allow policy that does not say whom it allows.
pub static REDRIVE_MISSING_PERMISSION: Code = Code::error("QS119", "a redrive allow policy without a permission")
    .because("The policy says who may use the queue as dead-letter queue, and this one does not.")
    .fix("Add `permission: by_queue` (with `source_queues`), `allow_all` or `deny_all`.")
    .see(REDRIVE_ALLOW);

/// A policy document that is not well formed.
pub static POLICY_SHAPE: Code = Code::error("QS130", "a policy that AWS refuses")
    .because(
        "A policy has a `Version` of 2012-10-17 and statements with `Effect`, `Principal`, `Action` and `Resource`.",
    )
    .fix("Complete the statement.")
    .see(POLICY);

/// A policy document beyond the quotas.
pub static POLICY_QUOTA: Code = Code::error("QS131", "a policy beyond the quotas of SQS")
    .because("A queue's policy has at most 8192 bytes, 20 statements and 50 principals; a statement 10 conditions and 7 actions.")
    .fix("Merge statements, or give permissions in the IAM policies of those who need them.")
    .see(QUOTAS);

/// Everybody may.
pub static PUBLIC: Code = Code::warning("QS132", "a queue that is open to everybody")
    .because("`Principal: \"*\"` lets every AWS account, and anonymous callers, do this, unless a condition says who.")
    .fix("Name the principals, or add a condition such as `aws:SourceArn` or `aws:PrincipalOrgID`.")
    .see(SAFE);

/// A statement about something else.
pub static OTHER_RESOURCE: Code = Code::warning("QS133", "a statement about another resource")
    .because("A queue's policy speaks of this queue alone: a statement on anything else has no effect.")
    .fix("Use `Resource: ${queues.<this queue>.arn}`.")
    .see(POLICY);

/// A text that names no key.
pub static BAD_KEY: Code = Code::error("QS134", "not a KMS key")
    .because("A KMS key is named by its id, `alias/<name>`, or the ARN of either.")
    .fix("Write `alias/aws/sqs`, or the key's ARN.")
    .see(SSE);

/// All of them, in order.
pub const CODES: &[&Code] = &[
    &NAME,
    &FIFO_NAME,
    &FIFO_ONLY,
    &THROUGHPUT_SCOPE,
    &TWO_ENCRYPTIONS,
    &REUSE_WITHOUT_KEY,
    &NO_RECEIVE_COUNT,
    &LOW_RECEIVE_COUNT,
    &BAD_ARN,
    &REDRIVE_ALLOW_LIST,
    &NO_VISIBILITY,
    &EXPIRES_UNSEEN,
    &SHORT_POLLING,
    &EXPIRES_HIDDEN,
    &REDRIVE_MISSING_PERMISSION,
    &POLICY_SHAPE,
    &POLICY_QUOTA,
    &PUBLIC,
    &OTHER_RESOURCE,
    &BAD_KEY,
];
