//! What must hold between the attributes of one function.

use super::{
    ARTIFACT, CODE, ENVIRONMENT, EXTERNAL, FEATURES, HANDLER, LAYERS, PACKAGE, RESERVED_CONCURRENCY, ROLE, RUNTIME,
    SECRETS, SECURITY_GROUPS, SUBNETS, VPC,
};
use crate::artifact::{self, Runtime};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::{Arn, Row};
use crate::model::Resource;
use crate::value::Value;

const CREATE: &str = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html";
const VARIABLES: &str = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";

/// A name that Lambda refuses.
pub static NAME: Code = Code {
    id: "QS301",
    severity: Severity::Error,
    title: "a function name that Lambda refuses",
    reason: "A function's name has at most 64 characters, of letters, digits, hyphens and underscores.",
    fix: "Choose a shorter or simpler `name:`.",
    link: CREATE,
};

/// Too much environment.
pub static ENVIRONMENT_SIZE: Code = Code {
    id: "QS302",
    severity: Severity::Error,
    title: "environment variables of more than 4 KB",
    reason: "Lambda takes at most 4096 bytes of environment: names and values, written as one JSON object.",
    fix: "Move what is long into a parameter, a secret or a file of the package.",
    link: QUOTAS,
};

/// A variable that Lambda sets.
pub static RESERVED_VARIABLE: Code = Code {
    id: "QS303",
    severity: Severity::Error,
    title: "an environment variable that Lambda reserves",
    reason: "Lambda sets this variable itself and refuses a function that does.",
    fix: "Choose another name.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime",
};

/// A variable's name that Lambda refuses.
pub static VARIABLE_NAME: Code = Code {
    id: "QS304",
    severity: Severity::Error,
    title: "an environment variable's name that Lambda refuses",
    reason: "A name begins with a letter, has at least two characters, and is made of letters, digits and underscores.",
    fix: "Choose another name.",
    link: "https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html",
};

/// No code.
pub static NO_CODE: Code = Code {
    id: "QS306",
    severity: Severity::Error,
    title: "a function without code",
    reason: "A function is created with its code.",
    fix: "Add `code: {package: <cargo package>}` or `code: {artifact: <path of a zip>}`; or `code: {external: true}` for a function that exists and whose code something else deploys.",
    link: CREATE,
};

/// Code from two places.
pub static TWO_SOURCES: Code = Code {
    id: "QS307",
    severity: Severity::Error,
    title: "a function whose code comes from two places",
    reason: "`package` is built here, `artifact` was built elsewhere, `external` is deployed by others: only one can be the function.",
    fix: "Keep one of them.",
    link: CREATE,
};

/// A binary under a managed runtime.
pub static MANAGED_RUNTIME: Code = Code {
    id: "QS308",
    severity: Severity::Error,
    title: "a cargo package under a runtime that starts no binary",
    reason: "Only `provided.al2023` and `provided.al2` start a `bootstrap`; managed runtimes look for source code.",
    fix: "Remove `runtime:`, or name a zip with `code: {artifact: …}`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
};

/// It never runs.
pub static NEVER_RUNS: Code = Code {
    id: "QS309",
    severity: Severity::Warning,
    title: "a function that never runs",
    reason: "With a reserved concurrency of 0 Lambda throttles every invocation; messages go to the dead-letter queue unhandled.",
    fix: "Raise `reserved_concurrency`, or remove it. To pause a queue, set `enabled: false` on its mapping.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
};

/// No role.
pub static NO_ROLE: Code = Code {
    id: "QS310",
    severity: Severity::Error,
    title: "a function without a role",
    reason: "Lambda creates no function without a role to run as.",
    fix: "Add `role:`, a role of this stack or an ARN.",
    link: CREATE,
};

/// A secret of nothing.
pub static UNKNOWN_SECRET: Code = Code {
    id: "QS311",
    severity: Severity::Warning,
    title: "a secret that is no environment variable",
    reason: "`secrets` names variables whose values are never shown; a mistyped name leaves the real one in plain sight.",
    fix: "Correct the name, or remove it.",
    link: VARIABLES,
};

/// No handler where there is no usual one.
pub static NO_HANDLER: Code = Code::error("QS317", "a managed runtime without a handler")
    .because("Custom runtimes start `bootstrap`; every other one looks for the function that `handler` names, and Lambda has no default.")
    .fix("Add `handler:`, such as `app.handler` for a function `handler` in the file `app.py`, or remove `runtime:`.")
    .see("https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html#lambda-CreateFunction-request-Handler");

/// An ARN of something else.
pub static BAD_ARN: Code = Code::error("QS318", "an ARN that is not a role's or not a layer version's")
    .because("A role's ARN is `arn:<partition>:iam::<account>:role/<name>`, a layer's ends in its version, `:layer:<name>:<version>`.")
    .fix("Write the ARN of a role, or the logical name of one of this stack; of a layer, the ARN of one version.")
    .see(CREATE);

/// Half a VPC.
pub static HALF_VPC: Code = Code::error("QS319", "subnets without security groups, or the reverse")
    .because(
        "Lambda takes both or neither: a function in a VPC has an address in a subnet and a security group around it.",
    )
    .fix("Add what is missing, or leave both empty.")
    .see("https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html");

/// A store that the binary cannot open.
pub static NO_STORE: Code = Code::warning("QS335", "an environment that names a store which the code is built without")
    .because("`features` are all that the package is built with; a worker whose store was left out ends at its start, and its messages become dead letters.")
    .fix("Add the store to `features:`: dynamodb, mysql, postgres or sqlite.")
    .see("https://github.com/queuestack/queuestack#workers");

/// All codes of this file.
pub const CODES: &[&Code] = &[
    &NAME,
    &ENVIRONMENT_SIZE,
    &RESERVED_VARIABLE,
    &VARIABLE_NAME,
    &NO_CODE,
    &TWO_SOURCES,
    &MANAGED_RUNTIME,
    &NEVER_RUNS,
    &NO_ROLE,
    &UNKNOWN_SECRET,
    &NO_HANDLER,
    &BAD_ARN,
    &HALF_VPC,
    &NO_STORE,
];

const NAME_CHARACTERS: usize = 64;
const ENVIRONMENT_BYTES: usize = 4_096;

/// What Lambda sets and refuses; others that begin with `AWS_` may be set, as may `TZ`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// The stores of bundled workers and of those on the same runtime: how their URLs begin, and their cargo features.
const STORES: &[(&str, &str)] = &[
    ("dynamodb:", "dynamodb"),
    ("sqlite:", "sqlite"),
    ("postgres:", "postgres"),
    ("postgresql:", "postgres"),
    ("mysql:", "mysql"),
    ("mariadb:", "mysql"),
];

/// Tells whether a text may be the ARN of a version of a layer; AWS's own have ARNs of another form.
fn is_layer_version(text: &str) -> bool {
    let version = |rest: &str| rest.rsplit_once(':').is_some_and(|(_, version)| version.parse::<u64>().is_ok());
    text.starts_with("arn:") && text.split_once(":layer:").is_none_or(|(_, rest)| version(rest))
}

/// Findings about one function.
struct Check<'a> {
    function: &'a Resource,
    out: &'a mut Diagnostics,
}

/// Checks one complete function.
pub fn check(function: &Resource, out: &mut Diagnostics) {
    let mut check = Check { function, out };
    check.name();
    check.code();
    check.environment();
    if function.get(&ROLE).is_null() {
        check.tell(&NO_ROLE, ROLE.key, format!("`{}` has no `role`", function.address));
    }
    check.handler();
    check.arns();
    check.vpc();
    if function.get(&RESERVED_CONCURRENCY).as_int() == Some(0) {
        let message = format!("`{}` has a reserved concurrency of 0", function.address);
        check.tell(&NEVER_RUNS, RESERVED_CONCURRENCY.key, message);
    }
}

impl Check<'_> {
    fn tell(&mut self, code: &'static Code, path: &str, message: String) {
        let function = self.function;
        self.out.push(Diagnostic::new(code, message).at(function.span(path)).of(&function.address));
    }

    fn name(&mut self) {
        let name = self.function.physical_name();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let length = name.chars().count();
        if length > NAME_CHARACTERS {
            self.tell(&NAME, "name", format!("the function name `{name}` has {length} characters"));
        } else if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
            self.tell(&NAME, "name", format!("the function name `{name}` has a `{wrong}` in it"));
        }
    }

    fn code(&mut self) {
        let (code, address) = (self.function.get(&CODE), &self.function.address);
        let (package, artifact) = (!code.get(PACKAGE.key).is_null(), !code.get(ARTIFACT.key).is_null());
        if code.get(EXTERNAL.key).as_bool() == Some(true) {
            if package || artifact {
                let message = format!("the code of `{address}` is `external` and named all the same");
                self.tell(&TWO_SOURCES, CODE.key, message);
            }
            return;
        }
        let runtime = self.function.get(&RUNTIME).as_text().unwrap_or_default();
        match (package, artifact) {
            // A worker whose code is missing or doubled is told as such.
            (false, false) | (true, true) if self.function.made_by.is_some() => {}
            (false, false) => {
                self.tell(&NO_CODE, CODE.key, format!("`{address}` names neither a package nor an artifact"));
            }
            (true, true) => {
                self.tell(&TWO_SOURCES, CODE.key, format!("`{address}` names both a package and an artifact"));
            }
            (true, false) if Runtime::named(runtime).is_none() => {
                let message = format!("`{address}` is a cargo package, and `{runtime}` starts no binary");
                self.tell(&MANAGED_RUNTIME, RUNTIME.key, message);
            }
            _ => {}
        }
    }

    /// One that is missing under a custom runtime is completed.
    fn handler(&mut self) {
        let function = self.function;
        let said = !function.get(&HANDLER).is_null() || function.is_broken(HANDLER.key);
        // A package is wrong under such a runtime whatever its handler.
        let said = said || !function.get(&CODE).get(PACKAGE.key).is_null();
        if let Some(runtime) = function.get(&RUNTIME).as_text().filter(|_| !said) {
            let message = format!("`{}` runs on `{runtime}` and has no `handler`", function.address);
            self.tell(&NO_HANDLER, RUNTIME.key, message);
        }
    }

    fn arns(&mut self) {
        let function = self.function;
        let is_role =
            |arn: &Arn<'_>| arn.service == "iam" && arn.resource.starts_with("role/") && !arn.account.is_empty();
        if let Some(text) =
            function.get(&ROLE).as_text().filter(|text| !Arn::parse(text).is_ok_and(|arn| is_role(&arn)))
        {
            let message = format!("`role` of `{}` is `{text}`, which is not the ARN of a role", function.address);
            self.tell(&BAD_ARN, ROLE.key, message);
        }
        for (index, layer) in function.get(&LAYERS).as_list().unwrap_or_default().iter().enumerate() {
            let Some(text) = layer.as_text().filter(|text| !is_layer_version(text)) else { continue };
            let message = format!("`{text}`, a layer of `{}`, is not the ARN of a version of one", function.address);
            self.tell(&BAD_ARN, &format!("{}.{index}", LAYERS.key), message);
        }
    }

    fn vpc(&mut self) {
        let function = self.function;
        let vpc = function.get(&VPC);
        let none = |row: &Row| vpc.get(row.key).as_list().is_none_or(<[Value]>::is_empty);
        if function.is_broken(VPC.key) || none(&SUBNETS) == none(&SECURITY_GROUPS) {
            return;
        }
        let (has, lacks) = if none(&SUBNETS) { (SECURITY_GROUPS, SUBNETS) } else { (SUBNETS, SECURITY_GROUPS) };
        let message = format!("`vpc` of `{}` has `{}` and no `{}`", function.address, has.key, lacks.key);
        self.tell(&HALF_VPC, &format!("{}.{}", VPC.key, has.key), message);
    }

    fn environment(&mut self) {
        let environment = self.function.get(&ENVIRONMENT);
        let variables = environment.as_map().into_iter().flatten();
        for (name, value) in variables {
            self.variable(name);
            self.store(name, value);
        }
        let bytes = if environment.is_null() { 0 } else { environment.to_json().to_string().len() };
        if bytes > ENVIRONMENT_BYTES {
            let message = format!("the environment of `{}` has {bytes} bytes", self.function.address);
            self.tell(&ENVIRONMENT_SIZE, ENVIRONMENT.key, message);
        }
        let secrets = self.function.get(&SECRETS).as_list().unwrap_or_default();
        for (index, secret) in secrets.iter().enumerate() {
            // A worker's are told of at the worker.
            let unread = self.function.is_unread(&format!("{}.{}", ENVIRONMENT.key, secret.plain()));
            if self.function.made_by.is_none() && environment.get(&secret.plain()).is_null() && !unread {
                let message = format!("`secrets` names `{}`, which `environment` does not set", secret.plain());
                self.tell(&UNKNOWN_SECRET, &format!("{}.{index}", SECRETS.key), message);
            }
        }
    }

    /// The variables of stores are called `IDEMPOTENCY_STORE`, `CALENDAR_STORE` and so on.
    fn store(&mut self, name: &str, url: &Value) {
        let Some(features) = self.function.get(&CODE).get(FEATURES.key).as_list() else { return };
        let store = url.as_text().and_then(|url| STORES.iter().find(|(scheme, _)| url.starts_with(scheme)));
        let Some((scheme, wanted)) = store.filter(|_| name.ends_with("_STORE")) else { return };
        let features = features.iter().map(Value::as_text).collect::<Option<Vec<_>>>();
        let features = artifact::features(features.unwrap_or_default());
        // What other features mean is the package's own.
        let known = |one: &String| one == "chain" || STORES.iter().any(|(_, store)| store == one);
        if !features.is_empty() && features.iter().all(known) && !features.iter().any(|one| one == wanted) {
            let features = features.join(", ");
            let message = format!("`{name}` begins with `{scheme}`, and the package is built with `{features}` alone");
            // Not at the URL: it may hold a password.
            self.tell(&NO_STORE, &format!("{}.{}", CODE.key, FEATURES.key), message);
        }
    }

    fn variable(&mut self, name: &str) {
        let path = format!("{}.{name}", ENVIRONMENT.key);
        let well_made = name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED.contains(&name) {
            self.tell(&RESERVED_VARIABLE, &path, format!("`{name}` is set by Lambda"));
        } else if !well_made {
            self.tell(&VARIABLE_NAME, &path, format!("`{name}` is no name that Lambda takes"));
        }
    }
}
