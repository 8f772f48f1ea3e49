//! A custom event bus of Amazon EventBridge: events are put on it, and its rules bring them to those whom they concern.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
//! Nothing but its name forces a replacement. The account's bus `default` is there already and is never made: a rule
//! without a bus is on it.

mod actions;
mod check;
mod live;

pub(in crate::kind) use live::{GONE, all, change_tags, named, patience, read_tags, tags};

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::arn::resource_of;
use crate::kind::terraform::{Beside, Spelling, Tie};
use crate::kind::{Kind, Live, Row, Type, policy};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Value};

/// The kind `bus`.
#[derive(Debug)]
pub struct Bus;

const CREATE: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html";
const KEYS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html";
const DLQ: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-dlq.html";
const PERMISSIONS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html";

/// The name of the bus that every account has.
pub const DEFAULT: &str = "default";

/// What the bus is for.
pub const DESCRIPTION: Row = Row::new("description", "Description", "description", Type::Text { min: 1, max: 512 })
    .doc("What it is for.", CREATE);

/// Encryption with a KMS key.
pub const KMS_KEY: Row = Row::new(
    "kms_key",
    "KmsKeyIdentifier",
    "kms_key_identifier",
    Type::Text { min: 1, max: 2_048 },
)
.doc(
    "Encrypts events at rest with this KMS key, whose policy must let events.amazonaws.com use it: an id, an ARN or \
         `alias/…`. Without it, AWS's own key.",
    KEYS,
);

/// Where events go that cannot be encrypted.
pub const DEAD_LETTER_QUEUE: Row = Row::new(
    "dead_letter_queue",
    "DeadLetterConfig",
    "dead_letter_config.arn",
    Type::Name(&["queues"]),
)
.doc(
    "The queue for events that cannot be encrypted or decrypted, such as when the key is disabled. One of this stack \
         lets the bus send to it.",
    DLQ,
);

/// Who else may use it.
pub const POLICY: Row = Row::new("policy", "Policy", "aws_cloudwatch_event_bus_policy:policy", Type::Policy)
    .soft()
    .doc("Who else may put events on it. Without it, the account that owns the bus.", PERMISSIONS);

const ROWS: &[Row] = &[DESCRIPTION, KMS_KEY, DEAD_LETTER_QUEUE, POLICY];

static TERRAFORM: Spelling = Spelling {
    outputs: &["arn"],
    beside: &[Beside {
        resource: "aws_cloudwatch_event_bus_policy",
        arguments: &[("event_bus_name", Tie::Own("name"))],
        id: "{name}",
        always: false,
    }],
    ..Spelling::new("aws_cloudwatch_event_bus", "name", "{name}")
};

impl Kind for Bus {
    fn name(&self) -> &'static str {
        "bus"
    }

    fn section(&self) -> &'static str {
        "buses"
    }

    fn doc(&self) -> &'static str {
        "An event bus of EventBridge. `rules:` bring the events on it to queues and functions."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "events:event-bus"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("events", &format!("{RESOURCE}{name}"))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        resource_of(arn, "events")?.strip_prefix(RESOURCE)
    }

    /// A policy without a version is one of the first version of the language, which nobody means.
    fn expand(&self, bus: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        bus.fill(&POLICY, stack.default_of(&Bus, &POLICY));
        if !bus.get(&POLICY).is_null() && !bus.is_broken(POLICY.key) {
            bus.set(&POLICY, policy::adding(bus.get(&POLICY), Vec::new()));
        }
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("EVENT_BUS", Fact::Arn)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// What stands before the name in a bus's ARN.
const RESOURCE: &str = "event-bus/";

/// Tells whether a value names the account's own bus: `default`, unless the stack calls one of its own so.
#[must_use]
pub fn is_default(named: &Value, stack: &Stack) -> bool {
    match named.as_ref().and_then(Ref::address) {
        Some(address) => *address == Address::new(Bus.name(), DEFAULT) && !stack.resources.contains_key(address),
        None => named.as_text().is_some_and(|arn| Bus.name_in_arn(arn).unwrap_or(arn) == DEFAULT),
    }
}
