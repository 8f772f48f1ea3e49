//! How Terraform's AWS provider spells a kind: data from which rendering writes and plans are read.
//!
//! What a row's `terraform` may say:
//!
//! | spelling | means |
//! |---|---|
//! | `delay_seconds` | an argument; for an object, a block with its members |
//! | `tracing_config.mode` | an argument of a block |
//! | `filter_criteria.filter[].pattern` | the block before the last name is written once an item |
//! | `metric_query[]` | a block for each item of a list of objects |
//! | `redrive_policy()` | the JSON text of an object |
//! | `redrive_policy().target` | the JSON text of an object with this one member |
//! | `endpoint?protocol=sqs` | an argument where another has this value; both are written |
//! | `arn!sqs` | an argument that holds the ARN of one service here, and those of others for other rows |
//! | `event_bus_name/` | the name at the end of an ARN |
//! | `architectures[]` | a list of this one value |
//! | `function_response_types=Word` | a list with this word, when it is true |
//! | `state=ENABLED/DISABLED` | the first word when it is true, the second when it is not |
//! | `ttl.attribute_name+enabled` | an argument beside which `enabled` is true |
//! | `hash_key@attribute` | the `type` of that block `attribute` of the resource whose `name` is the argument `hash_key` here |
//! | `metric.period\|period` | the first whose block is there |
//! | `aws_iam_role_policy:policy` | an argument of another resource, see [`Beside`] |
//! | `aws_x_attachment[]:arn` | an argument of another resource that is there once an item |
//! | `{route}` | of a list of objects: each item is in resources beside, one of a type, told apart by the member `route` |
//! | `aws_x:` | of a member of such an item: whether the resource is there |
//! | `aws_x:&function` | the same, of an item that has the member `function`; others have none |
//! | `timeout_milliseconds*1000` | an argument that counts in thousandths |
//! | nothing | an object's members stand where the object would; any other row is in [`Spelling::without`] |

use crate::diagnostic::{Code, Severity};

/// The spelling of a kind.
#[derive(Debug)]
pub struct Spelling {
    /// The resource type: `aws_sqs_queue`.
    pub resource: &'static str,
    /// The argument that takes the physical name; empty for a kind that chooses its own.
    pub name: &'static str,
    /// By what it is imported: a text with `{name}`, `{url}`, `{arn}` or `{id}`, the last part of its ARN.
    pub id: &'static str,
    /// The facts that others want of it, as attributes: `url`.
    pub outputs: &'static [&'static str],
    /// The attribute that is its URL.
    pub url: &'static str,
    /// Arguments that are the same for all of the kind.
    pub fixed: &'static [(&'static str, &'static str)],
    /// The arguments for the path of a zip and for its digest, for a kind that ships code.
    pub code: Option<(&'static str, &'static str)>,
    /// Arguments that an import cannot read.
    pub unread: &'static [&'static str],
    /// The resources that stand beside it.
    pub beside: &'static [Beside],
    /// Further types of the provider's that only hold attributes of it; others write them, we do not.
    pub parts: &'static [&'static str],
    /// Rows that are not rendered, each with its reason.
    pub without: &'static [Without],
    /// Rows that are not written where another one is set, since the provider refuses both.
    pub unless: &'static [(&'static str, &'static str)],
    /// A value that is left out, because the provider does not know it in every version that is supported.
    pub left_out: Option<LeftOut>,
}

impl Spelling {
    /// Starts a spelling: resource type, the argument for the name, and by what it is imported.
    #[must_use]
    pub const fn new(resource: &'static str, name: &'static str, id: &'static str) -> Spelling {
        Spelling {
            resource,
            name,
            id,
            outputs: &[],
            url: "url",
            fixed: &[],
            code: None,
            unread: &[],
            beside: &[],
            parts: &[],
            without: &[],
            unless: &[],
            left_out: None,
        }
    }
}

/// A resource of the provider that holds a part of what is one resource here.
#[derive(Debug)]
pub struct Beside {
    /// Its type.
    pub resource: &'static str,
    /// The arguments that tie it to the main resource.
    pub arguments: &'static [(&'static str, Tie)],
    /// By what it is imported; `{item}` is the item of a list, `{item.id}` a member of the item.
    pub id: &'static str,
    /// Whether it is there even when none of its rows is set.
    pub always: bool,
}

/// What an argument of a [`Beside`] is.
#[derive(Debug)]
pub enum Tie {
    /// An attribute of the main resource.
    Own(&'static str),
    /// A fixed text.
    Text(&'static str),
    /// This attribute of all resources of another type beside the same one.
    All(&'static str, &'static str),
    /// The name of what this member of the item refers to, which another resource holds: an import reads the name.
    Name(&'static str),
    /// A text, and behind it an attribute of the resource of another type that is there for the same item.
    Peer(&'static str, &'static str, &'static str),
    /// What is made of the member by which items are told apart.
    Each(fn(&str) -> Vec<Word>),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Characters that stand for themselves.
    Text(String),
    /// An attribute of the main resource.
    Own(&'static str),
    /// The first sixteen digits of the SHA-256 of such an attribute.
    Digest(&'static str),
}

/// A row that is not rendered.
#[derive(Debug)]
pub struct Without {
    /// Its key; members of it are meant too.
    pub key: &'static str,
    /// Why.
    pub reason: &'static str,
    /// Whether a stack that sets it cannot be rendered.
    pub needed: bool,
}

impl Without {
    /// Says that a row means nothing to AWS, or is said otherwise.
    #[must_use]
    pub const fn harmless(key: &'static str, reason: &'static str) -> Without {
        Without { key, reason, needed: false }
    }

    /// Says that the provider cannot express a row.
    #[must_use]
    pub const fn unknown(key: &'static str, reason: &'static str) -> Without {
        Without { key, reason, needed: true }
    }
}

/// A value that is left out: AWS's own default, which an older provider refuses.
#[derive(Debug)]
pub struct LeftOut {
    /// The row's key.
    pub key: &'static str,
    /// The value.
    pub value: i64,
    /// The words for the person who owns the rendered file.
    pub reason: &'static str,
}

/// What the provider cannot express.
pub static NOT_IN_PROVIDER: Code = Code {
    id: "QS060",
    severity: Severity::Error,
    title: "an attribute that Terraform's AWS provider does not know",
    reason: "Without it the resource would be another than the stack says.",
    fix: "Remove it, or apply this stack without --backend terraform.",
    link: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs",
};

/// A secret, which a state would hold in plain text.
pub static SECRET_IN_STATE: Code = Code {
    id: "QS062",
    severity: Severity::Error,
    title: "a secret that Terraform would write to its state",
    reason: "Terraform keeps every argument of every resource in its state as plain text.",
    fix: "Apply this stack without --backend terraform, or let the function read the secret by itself.",
    link: "https://developer.hashicorp.com/terraform/language/manage-sensitive-data",
};

/// What Terraform or its provider finds wrong.
pub static TERRAFORM_SAYS: Code = Code {
    id: "QS061",
    severity: Severity::Error,
    title: "what Terraform finds wrong",
    reason: "Terraform and its provider check more, and other things, than queuestack does.",
    fix: "Change the stack file where it is shown; `queuestack render` writes what Terraform was given.",
    link: "https://developer.hashicorp.com/terraform/cli/commands/plan",
};
