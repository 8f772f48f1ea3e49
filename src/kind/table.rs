//! A DynamoDB table with its indexes, stream, time to live and backups.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>
//! Its keys and its local indexes force a replacement, in which the items are lost. Everything else changes in place,
//! one kind of change at a time; a global index whose keys or projection change is built anew beside its table.

mod actions;
mod change;
mod check;
mod codes;
mod convert;
mod form;
mod live;
mod settle;
#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::arn::resource_of;
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Fact, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit};

/// The kind `table`.
#[derive(Debug)]
pub struct Table;

const CREATE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html";
const KEYS: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html";
const CAPACITY_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html";
const MAX_CAPACITY_PAGE: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html";
const TTL_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html";
const STREAM_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html";
const RECOVERY_PAGE: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html";
const SSE_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html";
const CLASS_PAGE: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.TableClasses.html";
const GLOBAL_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html";
const LOCAL_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html";
const PROJECTION_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html";
const KEY_PAGE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KeySchemaElement.html";

const ATTRIBUTE: Type = Type::Text { min: 1, max: 255 };
const UNITS: Type = Type::int(Unit::Count, 1, i64::MAX);
const KEY_TYPES: Type = Type::Word(&[("string", "S"), ("number", "N"), ("binary", "B")]);

/// The attribute that is the partition key.
pub const PARTITION_NAME: Row =
    Row::new("name", "AttributeName", "hash_key", ATTRIBUTE).doc("The name of the attribute.", KEY_PAGE);
/// Its type.
pub const PARTITION_TYPE: Row = Row::new("type", "AttributeType", "hash_key@attribute", KEY_TYPES)
    .or(Default::Text("S"))
    .doc("The type of its values: string, number or binary.", KEY_PAGE);
/// The attribute that is the sort key.
pub const SORT_NAME: Row =
    Row::new("name", "AttributeName", "range_key", ATTRIBUTE).doc("The name of the attribute.", KEY_PAGE);
/// Its type.
pub const SORT_TYPE: Row = Row::new("type", "AttributeType", "range_key@attribute", KEY_TYPES)
    .or(Default::Text("S"))
    .doc("The type of its values: string, number or binary.", KEY_PAGE);

/// What items are distributed by.
pub const PARTITION_KEY: Row =
    Row::new("partition_key", "KeySchema", "", Type::Object(&[PARTITION_NAME, PARTITION_TYPE]))
        .replaces()
        .doc("The attribute that says where an item is; alone, or with `sort_key`, it names the item.", KEYS);
/// What items of one partition are sorted by.
pub const SORT_KEY: Row = Row::new("sort_key", "KeySchema", "", Type::Object(&[SORT_NAME, SORT_TYPE]))
    .replaces()
    .doc("The attribute that items with one partition key are sorted by.", KEYS);

/// How it is paid for.
pub const BILLING: Row = Row::new(
    "billing",
    "BillingMode",
    "billing_mode",
    Type::Word(&[("on_demand", "PAY_PER_REQUEST"), ("provisioned", "PROVISIONED")]),
)
.or(Default::Text("PAY_PER_REQUEST"))
.doc(
    "By request, or by the hour for a `capacity`. on_demand (AWS: provisioned), because jobs come in bursts. \
     Switched to on_demand at most four times in 24 hours.",
    CAPACITY_PAGE,
);

const READ_UNITS: Row =
    Row::new("read", "ReadCapacityUnits", "read_capacity", UNITS).doc("Read units a second.", CAPACITY_PAGE);
const WRITE_UNITS: Row =
    Row::new("write", "WriteCapacityUnits", "write_capacity", UNITS).doc("Write units a second.", CAPACITY_PAGE);

/// What is provisioned.
pub const CAPACITY: Row = Row::new("capacity", "ProvisionedThroughput", "", Type::Object(&[READ_UNITS, WRITE_UNITS]))
    .doc("With `billing: provisioned`: the units a second that are paid for, `{read: 5, write: 5}`.", CAPACITY_PAGE);

const MAX_READ: Row = Row::new("read", "MaxReadRequestUnits", "max_read_request_units", UNITS)
    .doc("The most read units a second; no bound unless said.", MAX_CAPACITY_PAGE);
const MAX_WRITE: Row = Row::new("write", "MaxWriteRequestUnits", "max_write_request_units", UNITS)
    .doc("The most write units a second; no bound unless said.", MAX_CAPACITY_PAGE);

/// The bound of what on-demand costs.
pub const MAX_CAPACITY: Row =
    Row::new("max_capacity", "OnDemandThroughput", "on_demand_throughput", Type::Object(&[MAX_READ, MAX_WRITE])).doc(
        "With `billing: on_demand`: the most units a second, beyond which requests are throttled; no bound without it.",
        MAX_CAPACITY_PAGE,
    );

/// When items expire.
pub const TIME_TO_LIVE: Row =
    Row::new("time_to_live", "TimeToLiveSpecification", "ttl.attribute_name+enabled", ATTRIBUTE).doc(
        "The attribute that says when an item expires, a number of seconds since 1970; none do unless said. DynamoDB \
         deletes expired items within days, and takes one change of this an hour.",
        TTL_PAGE,
    );

/// Who hears of changes.
pub const STREAM: Row = Row::new(
    "stream",
    "StreamSpecification",
    "stream_view_type+stream_enabled",
    Type::Word(&[
        ("keys_only", "KEYS_ONLY"),
        ("new_image", "NEW_IMAGE"),
        ("old_image", "OLD_IMAGE"),
        ("new_and_old_images", "NEW_AND_OLD_IMAGES"),
    ]),
)
.doc("What a stream of the table's changes says of each; there is no stream unless said.", STREAM_PAGE);

/// Continuous backups.
pub const POINT_IN_TIME_RECOVERY: Row = Row::new(
    "point_in_time_recovery",
    "PointInTimeRecoverySpecification",
    "point_in_time_recovery.enabled",
    Type::Bool,
)
.or(Default::Bool(true))
.doc(
    "Keeps 35 days from which the table can be restored to any second. On (AWS: off), because a bug in a worker \
     destroys what no retry brings back; it costs by the size of the table.",
    RECOVERY_PAGE,
);

/// Whether it can be deleted.
pub const DELETION_PROTECTION: Row =
    Row::new("deletion_protection", "DeletionProtectionEnabled", "deletion_protection_enabled", Type::Bool)
        .or(Default::Bool(false))
        .doc("Whether DynamoDB refuses to delete it, whoever asks; `protect:` holds for queuestack alone.", CREATE);

/// The key of one's own.
pub const KMS_KEY: Row = Row::new(
    "kms_key",
    "KMSMasterKeyId",
    "server_side_encryption.kms_key_arn+enabled",
    Type::Text { min: 20, max: 2_048 },
)
.doc("The ARN of the KMS key that it is encrypted with; a key that DynamoDB owns, at no cost, without it.", SSE_PAGE);

/// What storage costs against requests.
pub const TABLE_CLASS: Row = Row::new(
    "table_class",
    "TableClass",
    "table_class",
    Type::Word(&[("standard", "STANDARD"), ("infrequent_access", "STANDARD_INFREQUENT_ACCESS")]),
)
.or(Default::Text("STANDARD"))
.doc(
    "standard, or infrequent_access: cheaper storage and dearer requests. Changed at most twice in 30 days.",
    CLASS_PAGE,
);

/// An index's name.
pub const INDEX_NAME: Row = Row::new("name", "IndexName", "name", Type::Text { min: 3, max: 255 })
    .doc("Its name: letters, digits, `_`, `-` and `.`, unique among the indexes of the table.", GLOBAL_PAGE);
/// What an index repeats of the items.
pub const PROJECTION: Row = Row::new(
    "projection",
    "ProjectionType",
    "projection_type",
    Type::Word(&[("all", "ALL"), ("keys", "KEYS_ONLY"), ("include", "INCLUDE")]),
)
.or(Default::Text("ALL"))
.doc("What of the items can be read from it: all, their keys, or also the `attributes`.", PROJECTION_PAGE);
/// The attributes that an index repeats.
pub const PROJECTED: Row =
    Row::new("attributes", "NonKeyAttributes", "non_key_attributes", Type::List { of: &ATTRIBUTE, max: 20 }).doc(
        "The attributes that can be read from it besides keys; `projection: include` goes without saying.",
        PROJECTION_PAGE,
    );
/// What an index is partitioned by.
pub const INDEX_PARTITION_KEY: Row =
    Row { effect: crate::kind::Effect::InPlace, ..PARTITION_KEY }.doc("The attribute that it is looked up by.", KEYS);
/// What an index is sorted by.
pub const INDEX_SORT_KEY: Row = Row { effect: crate::kind::Effect::InPlace, ..SORT_KEY }
    .doc("The attribute that its items with one partition key are sorted by.", KEYS);
/// What an index may be asked for.
pub const INDEX_CAPACITY: Row =
    CAPACITY.doc("With `billing: provisioned`: its own units a second; those of the table unless said.", CAPACITY_PAGE);

const GLOBAL_ROWS: &[Row] = &[INDEX_NAME, INDEX_PARTITION_KEY, INDEX_SORT_KEY, PROJECTION, PROJECTED, INDEX_CAPACITY];
const LOCAL_ROWS: &[Row] = &[INDEX_NAME, INDEX_SORT_KEY, PROJECTION, PROJECTED];

/// Global secondary indexes.
pub const INDEXES: Row = Row::new(
    "indexes",
    "GlobalSecondaryIndexes",
    "global_secondary_index[]",
    Type::List { of: &Type::Object(GLOBAL_ROWS), max: 20 },
)
.doc(
    "Global indexes, at most 20: other keys to find items by. Added and removed in place; one whose keys or projection \
     change is deleted and built anew, and cannot be read meanwhile.",
    GLOBAL_PAGE,
);
/// Local secondary indexes.
pub const LOCAL_INDEXES: Row = Row::new(
    "local_indexes",
    "LocalSecondaryIndexes",
    "local_secondary_index[]",
    Type::List { of: &Type::Object(LOCAL_ROWS), max: 5 },
)
.replaces()
.doc(
    "Local indexes, at most 5: other sort keys within the partition key. They are made with the table, and only then.",
    LOCAL_PAGE,
);

const ROWS: &[Row] = &[
    PARTITION_KEY,
    SORT_KEY,
    BILLING,
    CAPACITY,
    MAX_CAPACITY,
    TIME_TO_LIVE,
    STREAM,
    POINT_IN_TIME_RECOVERY,
    DELETION_PROTECTION,
    KMS_KEY,
    TABLE_CLASS,
    INDEXES,
    LOCAL_INDEXES,
];

/// The provider tells definitions of attributes apart by their names alone: to it a key of another type is no change.
static TERRAFORM: Spelling =
    Spelling { outputs: &["arn", "name"], ..Spelling::new("aws_dynamodb_table", "name", "{name}") };

impl Kind for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn section(&self) -> &'static str {
        "tables"
    }

    fn doc(&self) -> &'static str {
        "A DynamoDB table."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "dynamodb:table"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("dynamodb", &format!("table/{name}"))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        resource_of(arn, "dynamodb")?.strip_prefix("table/").filter(|name| !name.contains('/'))
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        form::complete(resource, stack);
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        codes::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("TABLE_NAME", Fact::Name), ("TABLE_ARN", Fact::Arn)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    /// DynamoDB counts items every six hours: what it says is about right, and what is found beyond it is not counted.
    fn held(&self, holds: u64) -> String {
        match holds {
            live::UNKNOWN => "items, if there are any: looking for them was refused".to_owned(),
            1 => "at least 1 item".to_owned(),
            holds => format!("about {holds} items"),
        }
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}
