//! What can be wrong with one table: the codes QS801 to QS849.

use super::{CAPACITY_PAGE, GLOBAL_PAGE, KEY_PAGE, KEYS, LOCAL_PAGE, MAX_CAPACITY_PAGE, PROJECTION_PAGE, SSE_PAGE};
use crate::diagnostic::Code;

const NAMES: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html";
const TTL: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-how-to.html";
const DEFINITIONS: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeDefinition.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html";

/// A name that DynamoDB refuses.
pub static NAME: Code = Code::error("QS801", "a table name that DynamoDB refuses")
    .because("A table name has 3 to 255 letters, digits, `_`, `-` and `.`.")
    .fix("Change the name, with `name:` if the logical name is to stay.")
    .see(NAMES);

/// No partition key.
pub static NO_PARTITION_KEY: Code = Code::error("QS802", "no partition key")
    .because("DynamoDB finds every item of a table, and of a global index, by its partition key.")
    .fix("Add `partition_key: {name: id, type: string}`.")
    .see(KEYS);

/// One attribute, two types.
pub static TWO_TYPES: Code = Code::error("QS803", "a key attribute with two types")
    .because("A table defines an attribute once, for itself and for all its indexes.")
    .fix("Give it one type everywhere, or another name in one place.")
    .see(DEFINITIONS);

/// One attribute as both keys.
pub static SAME_KEYS: Code = Code::error("QS804", "one attribute as partition key and as sort key")
    .because("Items of one partition would all have one sort key: DynamoDB refuses it.")
    .fix("Remove `sort_key`, or name another attribute.")
    .see(KEY_PAGE);

/// Provisioned, and nothing is.
pub static NO_CAPACITY: Code = Code::error("QS805", "provisioned billing without a capacity")
    .because("What is paid for by the hour has to be said: there is no default.")
    .fix("Add `capacity: {read: 5, write: 5}`, or remove `billing: provisioned`.")
    .see(CAPACITY_PAGE);

/// On demand, and provisioned all the same.
pub static CAPACITY_ON_DEMAND: Code = Code::error("QS806", "a capacity of an on-demand table")
    .because("An on-demand table is paid for by request: DynamoDB refuses to hear of a capacity.")
    .fix("Remove `capacity`, or add `billing: provisioned`; `max_capacity` bounds an on-demand table.")
    .see(CAPACITY_PAGE);

/// A bound of what has one.
pub static MAX_PROVISIONED: Code = Code::error("QS807", "an on-demand bound of a provisioned table")
    .because("The capacity of a provisioned table is its bound.")
    .fix("Remove `max_capacity`, or `billing: provisioned`.")
    .see(MAX_CAPACITY_PAGE);

/// A time to live that is no time.
pub static TTL_TYPE: Code = Code::error("QS808", "a time to live that is a key of another type than number")
    .because("Items expire by a number of seconds since 1970: one with any other type there never expires.")
    .fix("Name an attribute that is no key, or make that key a number.")
    .see(TTL);

/// An index's name.
pub static INDEX_NAME: Code = Code::error("QS809", "an index name that DynamoDB refuses")
    .because("An index has a name of 3 to 255 letters, digits, `_`, `-` and `.`.")
    .fix("Give it such a name.")
    .see(NAMES);

/// Two indexes of one name.
pub static TWO_INDEXES: Code = Code::error("QS810", "two indexes of one name")
    .because("Global and local indexes of a table share one set of names.")
    .fix("Rename one of them.")
    .see(GLOBAL_PAGE);

/// A local index without what it is for.
pub static NO_SORT_KEY: Code = Code::error("QS811", "a local index without a sort key")
    .because("A local index sorts the items of a partition by another key: table and index both need a sort key.")
    .fix("Add `sort_key` to both, or make it one of `indexes`.")
    .see(LOCAL_PAGE);

/// Attributes that are not projected, or none that are.
pub static PROJECTION: Code = Code::error("QS812", "a projection that does not fit its attributes")
    .because("Attributes are listed for the projection `include`, and for no other.")
    .fix("Write `attributes` alone, or a projection of `all` or `keys` without them.")
    .see(PROJECTION_PAGE);

/// The most attributes that all indexes of a table may list together.
pub const PROJECTED_TOGETHER: usize = 100;

/// More attributes than a table takes.
pub static MANY_PROJECTED: Code = Code::error("QS813", "indexes that list more than 100 attributes together")
    .because("DynamoDB counts what all indexes of a table list, an attribute twice where two list it.")
    .fix("Project `all` in one of them, or list fewer.")
    .see(QUOTAS);

/// A key that is not named by its ARN.
pub static KEY_ARN: Code = Code::error("QS814", "a KMS key that is not named by its ARN")
    .because("DynamoDB reports the key's ARN whatever it was told, so that an alias would differ for ever.")
    .fix("Write the key's ARN, `arn:aws:kms:eu-west-1:123456789012:key/…`.")
    .see(SSE_PAGE);

/// All of them, in order.
pub const CODES: &[&Code] = &[
    &NAME,
    &NO_PARTITION_KEY,
    &TWO_TYPES,
    &SAME_KEYS,
    &NO_CAPACITY,
    &CAPACITY_ON_DEMAND,
    &MAX_PROVISIONED,
    &TTL_TYPE,
    &INDEX_NAME,
    &TWO_INDEXES,
    &NO_SORT_KEY,
    &PROJECTION,
    &MANY_PROJECTED,
    &KEY_ARN,
];
