//! A `CloudWatch` Logs group.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
//! Nothing but its name forces a replacement.

mod actions;
pub mod check;
mod live;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::arn::resource_of;
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Fact, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit};

/// The kind `log_group`.
#[derive(Debug)]
pub struct LogGroup;

const RETENTION_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html";
const KMS_PAGE: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html";

/// Days that events are kept.
pub const RETENTION: Row = Row::new(
    "retention",
    "retentionInDays",
    "retention_in_days",
    Type::int(Unit::Days, 1, 3_653),
)
.or(Default::Int(14))
.lowering_loses("log events older than the new retention")
.doc(
    "How long events are kept, or `forever`. 14d (AWS: for ever), because nobody pays for logs that nobody reads.",
    RETENTION_PAGE,
);
/// The key that encrypts events.
pub const KMS_KEY: Row = Row::new("kms_key", "kmsKeyId", "kms_key_id", Type::Text { min: 1, max: 256 })
    .doc("The ARN of the KMS key that encrypts the events; CloudWatch Logs' own key without it.", KMS_PAGE);

const ROWS: &[Row] = &[RETENTION, KMS_KEY];

static TERRAFORM: Spelling = Spelling::new("aws_cloudwatch_log_group", "name", "{name}");

impl Kind for LogGroup {
    fn name(&self) -> &'static str {
        "log_group"
    }

    fn section(&self) -> &'static str {
        "log_groups"
    }

    fn doc(&self) -> &'static str {
        "A CloudWatch Logs group."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "logs:log-group"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("logs", &format!("log-group:{name}"))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        Some(resource_of(arn, "logs")?.strip_prefix("log-group:")?.trim_end_matches(":*"))
    }

    fn expand(&self, _resource: &mut Resource, _stack: &mut Stack, _out: &mut Diagnostics) {}

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    /// Lambda makes the group of a function at its first invocation, without any tag.
    fn adopts_silently(&self) -> bool {
        true
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("LOG_GROUP", Fact::Name)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn held(&self, holds: u64) -> String {
        if holds == 1 { "1 byte of log events".to_owned() } else { format!("{holds} bytes of log events") }
    }

    /// A log is the record of work, not work that would be lost: it goes with what wrote it.
    fn holds_fast(&self) -> bool {
        false
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}
