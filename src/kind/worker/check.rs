//! What is checked of a worker while it expands: afterwards there is none.

use super::grant::Grant;
use super::make::Made;
use super::rows;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::kind::{Kind, function, mapping, queue, role};
use crate::manifest::suggest;
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::value::{Place, Value};

/// The codes of workers, in order.
pub const CODES: &[&Code] = &[
    &NO_CODE,
    &SHARED_QUEUE,
    &MISSING_GRANT,
    &UNKNOWN_SECRET,
    &POLICY_TOO_LONG,
    &OTHER_SERVICE,
    &NO_QUEUE,
    &SAME_VARIABLE,
    &VOID_GRANTS,
];

/// A worker without code, or with two.
pub static NO_CODE: Code = Code {
    id: "QS350",
    severity: Severity::Error,
    title: "a worker without code, or with two",
    reason: "A function's code is either built from a cargo package or a zip that was built elsewhere.",
    fix: "Say `package: <cargo package>` or `artifact: <path of a zip>`, one of the two.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html",
};

/// Two workers on a queue.
pub static SHARED_QUEUE: Code = Code {
    id: "QS351",
    severity: Severity::Warning,
    title: "two workers on the same queue",
    reason: "Each message reaches one of them, and nobody says which; filters do not divide them, since what a filter refuses is deleted.",
    fix: "Give each worker a queue of its own, and fan out with a topic or a bus.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html",
};

/// A queue in the environment that the worker may not use.
pub static MISSING_GRANT: Code = Code {
    id: "QS352",
    severity: Severity::Error,
    title: "a worker that knows a queue but may not use it",
    reason: "The role is made from the grants: without one, the first call is refused with AccessDenied.",
    fix: "Add the grant to `grants:`; it gives `QUEUE_URL_<NAME>` too.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
};

/// A secret that is no variable.
pub static UNKNOWN_SECRET: Code = Code {
    id: "QS353",
    severity: Severity::Error,
    title: "a secret that is no environment variable",
    reason: "`secrets:` names the variables whose values are never shown; a misspelt one would be shown.",
    fix: "Name a variable of `environment:`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html",
};

/// A policy that IAM would refuse.
pub static POLICY_TOO_LONG: Code = Code {
    id: "QS354",
    severity: Severity::Error,
    title: "a role whose policy is too long",
    reason: "The inline policies of a role have at most 10240 characters in all, white space excluded.",
    fix: "Split the worker, or grant through managed policies (`managed_policies:`).",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
};

/// A grant on a thing of another service.
pub static OTHER_SERVICE: Code = Code {
    id: "QS355",
    severity: Severity::Error,
    title: "a grant on a resource of another service",
    reason: "send and consume are for queues, publish for topics, read and write for tables, put_events for buses.",
    fix: "Use the verb of that service, or write the statement under `policy:`.",
    link: "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
};

/// Settings for a queue that is not there.
pub static NO_QUEUE: Code = Code {
    id: "QS356",
    severity: Severity::Error,
    title: "settings for a queue that the worker does not have",
    reason: "`batch:` is said of the mapping that feeds a queue's messages to the worker.",
    fix: "Add `queue:`, or remove the settings.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
};

/// Two grants that give the same variable.
pub static SAME_VARIABLE: Code = Code {
    id: "QS357",
    severity: Severity::Error,
    title: "two grants that give the same environment variable",
    reason: "A grant tells the worker where its target is, under a variable named after it: one of the two would be lost.",
    fix: "Rename one of the two, or say the variable under `environment:`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
};

/// A role that does not get what follows from the stack.
pub static VOID_GRANTS: Code = Code {
    id: "QS358",
    severity: Severity::Warning,
    title: "a worker whose role is said elsewhere and lacks what the worker needs",
    reason: "What the stack file says of a role's policy stands as it is, and a role outside the stack is left alone: grants, polling and logging are not added.",
    fix: "Allow the actions in that role, or say what is beyond the grants in the worker's own `policy:` instead.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
};

/// The most characters of a role's inline policies.
const POLICY_LIMIT: usize = 10_240;

/// Checks that there is code, and a queue where it is needed.
pub fn code(worker: &Resource, stack: &Stack, out: &mut Diagnostics) {
    let said = |row| !worker.get(row).is_null();
    let function = Address::new(function::Function.name(), &worker.address.name);
    let elsewhere = stack.resources.get(&function).is_some_and(|function| !function.get(&function::CODE).is_null());
    let message = match (said(&rows::PACKAGE), said(&rows::ARTIFACT)) {
        (true, true) => Some("has both a `package` and an `artifact`"),
        (false, false) if !elsewhere => Some("has neither a `package` nor an `artifact`"),
        _ => None,
    };
    if let Some(message) = message {
        let span = if said(&rows::ARTIFACT) { worker.span(rows::ARTIFACT.key) } else { worker.span("") };
        out.push(Diagnostic::new(&NO_CODE, format!("`{}` {message}", worker.address)).at(span).of(&worker.address));
    }
    if said(&rows::BATCH) && !said(&rows::QUEUE) {
        let message = format!("`{}` has a `batch` but no `queue`", worker.address);
        out.push(Diagnostic::new(&NO_QUEUE, message).at(worker.span(rows::BATCH.key)).of(&worker.address));
    }
}

/// Warns of another mapping on the worker's queue.
pub fn shared_queue(worker: &Resource, made: &Made, stack: &Stack, out: &mut Diagnostics) {
    let Some(own) = &made.mapping else { return };
    let arn = |value: &Value| value.as_ref().and_then(Ref::address).map_or_else(|| value.plain(), ToString::to_string);
    let same = |other: &&Resource| {
        other.kind.name() == mapping::Mapping.name()
            && other.address != *own
            && arn(other.get(&mapping::QUEUE)) == arn(&made.queue)
    };
    for other in stack.resources.values().filter(same) {
        let who = other.made_by.as_ref().unwrap_or(&other.address);
        let message = format!("`{}` and `{who}` take messages from the same queue", worker.address);
        let span = worker.span(rows::QUEUE.key);
        out.push(Diagnostic::new(&SHARED_QUEUE, message).at(span).of(&worker.address));
    }
}

/// Checks that the worker may use the queues that its environment names, and that its secrets are in there.
pub fn environment(worker: &Resource, made: &Made, grants: &[Grant], stack: &Stack, out: &mut Diagnostics) {
    let Some(function) = stack.resources.get(&made.function) else { return };
    let variables = function.get(&function::ENVIRONMENT).as_map().cloned().unwrap_or_default();
    let secrets = worker.get(&rows::SECRETS).as_list().unwrap_or_default();
    for (index, secret) in secrets.iter().enumerate() {
        let name = secret.plain();
        let unread = worker.is_unread(&format!("{}.{name}", function::ENVIRONMENT.key));
        if !secret.is_null() && !variables.contains_key(&name) && !unread {
            let message = format!("`{name}` is no environment variable of `{}`", worker.address);
            let help = suggest(&name, variables.keys().map(String::as_str));
            let span = worker.span(&format!("{}.{index}", rows::SECRETS.key));
            out.push(Diagnostic::new(&UNKNOWN_SECRET, message).at(span).of(&worker.address).help(help));
        }
    }
    if policy_is_said(made, stack) {
        return;
    }
    let granted = granted(worker, made, grants, stack);
    for (variable, value) in worker.get(&rows::ENVIRONMENT).as_map().into_iter().flatten() {
        let span = function.span(&format!("{}.{variable}", function::ENVIRONMENT.key));
        if let Some((queue, certain)) =
            names_queue(variable, value, stack).filter(|(queue, _)| !granted.contains(queue))
        {
            missing_grant(worker, variable, &queue, certain, span, out);
        }
    }
}

/// Tells whether what the worker may do is said outside the block.
fn policy_is_said(made: &Made, stack: &Stack) -> bool {
    let role = made.role.as_ref().and_then(|role| stack.resources.get(role));
    role.is_none_or(|role| !role.get(&role::POLICY).is_null() || !role.get(&role::MANAGED_POLICIES).is_null())
}

/// The queues of this stack that the worker may use in some way.
fn granted(worker: &Resource, made: &Made, grants: &[Grant], stack: &Stack) -> Vec<Address> {
    let own = made.own_queue().and_then(|queue| stack.resources.get(queue));
    let dead_letters = own.and_then(queue::dead_letter_target);
    let mut values: Vec<&Value> = grants.iter().map(|grant| &grant.target).collect();
    values.push(&made.queue);
    values.extend(&dead_letters);
    let mut granted: Vec<Address> = values.into_iter().filter_map(|value| value.as_ref()?.address().cloned()).collect();
    worker.get(&rows::POLICY).walk(&mut |value| granted.extend(value.as_ref().and_then(Ref::address).cloned()));
    granted
}

/// The queue that a variable names, and whether it certainly does: a queue's name as plain text may mean
/// something else, unless the variable says that it is about a queue.
fn names_queue(variable: &str, value: &Value, stack: &Stack) -> Option<(Address, bool)> {
    if let Some(reference) = value.as_ref() {
        let address = reference.address().filter(|address| address.kind == queue::Queue.name())?;
        return matches!(reference.fact, Fact::Url | Fact::Arn | Fact::Name).then(|| (address.clone(), true));
    }
    let text = value.as_text()?;
    let link = text.starts_with("https://sqs.") || text.starts_with("arn:");
    let name = if link { text.rsplit([':', '/']).next().unwrap_or(text) } else { text };
    let queues = stack.of_kind(queue::Queue.name());
    let named = queues.into_iter().find(|queue| queue.physical_name() == name || queue.address.name == name)?;
    Some((named.address.clone(), link || variable.to_uppercase().contains("QUEUE")))
}

fn missing_grant(
    worker: &Resource,
    variable: &str,
    queue: &Address,
    certain: bool,
    span: Option<Span>,
    out: &mut Diagnostics,
) {
    let message = format!(
        "environment variable `{variable}` of `{}` names `{queue}`, which it may neither send to nor consume",
        worker.address
    );
    let help =
        format!("Add `{{send: {0}}}` (or `{{consume: {0}}}`) to `grants:` of `{1}`.", queue.name, worker.address.name);
    let mut diagnostic = Diagnostic::new(&MISSING_GRANT, message).at(span).of(&worker.address).help(help);
    if !certain {
        diagnostic.severity = Severity::Warning;
    }
    out.push(diagnostic);
}

/// Checks the length of the policy that was made, with ARNs in the Region with the shortest name.
pub fn policy_size(worker: &Resource, document: &Value, stack: &Stack, out: &mut Diagnostics) {
    let place = Place { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account: "0".repeat(12) };
    let resolved = document.resolve(&|reference| {
        Some(match (reference.address(), reference.fact) {
            (Some(address), _) => {
                let name = stack.resources.get(address).map_or(address.name.as_str(), |one| one.physical_name());
                crate::kind::find(address.kind)?.arn(name, &place)
            }
            (None, Fact::Account) => place.account.clone(),
            (None, Fact::Region) => place.region.clone(),
            (None, _) => place.partition.clone(),
        })
    });
    let length = resolved.to_json().to_string().chars().filter(|c| !c.is_whitespace()).count();
    if length > POLICY_LIMIT {
        let message = format!("the policy that the grants of `{}` make has {length} characters", worker.address);
        let span = worker.span(rows::GRANTS.key);
        out.push(Diagnostic::new(&POLICY_TOO_LONG, message).at(span).of(&worker.address));
    }
}
