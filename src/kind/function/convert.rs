//! Rows ↔ the SDK's shapes of a function.

use std::collections::HashMap;

use aws_sdk_lambda::types::{
    ApplicationLogLevel, Architecture, DeadLetterConfig, Environment, EphemeralStorage, FunctionConfiguration,
    LogFormat, LoggingConfig, Runtime, SystemLogLevel, TracingConfig, TracingMode, VpcConfig,
};

use super::{
    APPLICATION_LEVEL, ARCHITECTURE, CODE, CODE_SIZE, DEAD_LETTER, DESCRIPTION, ENVIRONMENT, EPHEMERAL_STORAGE,
    HANDLER, LAYERS, LOG_FORMAT, LOG_GROUP, LOGGING, MEMORY, ROLE, RUNTIME, SECURITY_GROUPS, SHA256, SUBNETS,
    SYSTEM_LEVEL, TIMEOUT, TRACING, VPC,
};
use crate::kind::{Desired, Row};
use crate::model::Attributes;
use crate::value::Value;

/// The rows that `UpdateFunctionConfiguration` changes.
pub const CONFIGURATION: &[&Row] = &[
    &DESCRIPTION,
    &ROLE,
    &RUNTIME,
    &HANDLER,
    &MEMORY,
    &TIMEOUT,
    &ENVIRONMENT,
    &EPHEMERAL_STORAGE,
    &TRACING,
    &LOGGING,
    &LAYERS,
    &DEAD_LETTER,
    &VPC,
];

/// The parts of a configuration, as both creating and updating take them. `None` is not sent: nothing changes.
#[derive(Debug, Default)]
pub struct Settings {
    pub description: Option<String>,
    pub role: Option<String>,
    pub runtime: Option<Runtime>,
    pub handler: Option<String>,
    pub memory: Option<i32>,
    pub timeout: Option<i32>,
    pub environment: Option<Environment>,
    pub storage: Option<EphemeralStorage>,
    pub tracing: Option<TracingConfig>,
    pub logging: Option<LoggingConfig>,
    pub layers: Option<Vec<String>>,
    pub dead_letter: Option<DeadLetterConfig>,
    pub vpc: Option<VpcConfig>,
}

impl Settings {
    /// Takes the wanted rows; what is not set is sent as the empty value that clears it, or it would stay.
    pub fn of(desired: &Desired, wanted: &dyn Fn(&Row) -> bool) -> Settings {
        let get = |row: &Row| wanted(row).then(|| desired.get(row));
        let text = |row: &Row| get(row)?.as_text().map(str::to_owned);
        let int = |row: &Row| get(row)?.as_int().and_then(|number| number.try_into().ok());
        let size = int(&EPHEMERAL_STORAGE);
        let mode = text(&TRACING).map(|mode| TracingMode::from(mode.as_str()));
        Settings {
            description: get(&DESCRIPTION).map(|value| value.as_text().unwrap_or_default().to_owned()),
            role: text(&ROLE),
            runtime: text(&RUNTIME).map(|runtime| Runtime::from(runtime.as_str())),
            handler: text(&HANDLER),
            memory: int(&MEMORY),
            timeout: int(&TIMEOUT),
            environment: get(&ENVIRONMENT).map(environment),
            storage: size.and_then(|size| EphemeralStorage::builder().size(size).build().ok()),
            tracing: mode.map(|mode| TracingConfig::builder().mode(mode).build()),
            logging: get(&LOGGING).map(logging),
            layers: get(&LAYERS).map(texts),
            dead_letter: get(&DEAD_LETTER)
                .map(|target| DeadLetterConfig::builder().target_arn(target.as_text().unwrap_or_default()).build()),
            vpc: get(&VPC).map(|vpc| {
                let of = |row: &Row| Some(texts(vpc.get(row.key)));
                VpcConfig::builder().set_subnet_ids(of(&SUBNETS)).set_security_group_ids(of(&SECURITY_GROUPS)).build()
            }),
        }
    }
}

fn environment(variables: &Value) -> Environment {
    let pairs = variables.as_map().into_iter().flatten().map(|(key, value)| (key.clone(), value.plain()));
    Environment::builder().set_variables(Some(pairs.collect())).build()
}

fn logging(logging: &Value) -> LoggingConfig {
    let part = |row: &Row| logging.get(row.key).as_text();
    LoggingConfig::builder()
        .set_log_format(part(&LOG_FORMAT).map(LogFormat::from))
        .set_application_log_level(part(&APPLICATION_LEVEL).map(Into::into))
        .set_system_log_level(part(&SYSTEM_LEVEL).map(SystemLogLevel::from))
        .set_log_group(part(&LOG_GROUP).map(str::to_owned))
        .build()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_list().unwrap_or_default().iter().map(Value::plain).collect()
}

/// Reads what Lambda reports into the terms of the rows; what is empty is not set.
pub fn reported(config: &FunctionConfiguration) -> Attributes {
    let storage = config.ephemeral_storage().map(|storage| storage.size().into());
    let code = [(SHA256.key, text(config.code_sha256())), (CODE_SIZE.key, Value::Int(config.code_size()))];
    let layers = config.layers().iter().filter_map(|layer| layer.arn());
    let pairs = [
        (&DESCRIPTION, text(config.description())),
        (&ROLE, text(config.role())),
        (&CODE, Value::map(code)),
        (&RUNTIME, text(config.runtime().map(Runtime::as_str))),
        (&HANDLER, text(config.handler())),
        (&ARCHITECTURE, text(config.architectures().first().map(Architecture::as_str))),
        (&MEMORY, int(config.memory_size().map(Into::into))),
        (&TIMEOUT, int(config.timeout().map(Into::into))),
        (&ENVIRONMENT, variables(config.environment().and_then(|environment| environment.variables()))),
        (&EPHEMERAL_STORAGE, int(storage)),
        (&TRACING, text(config.tracing_config().and_then(|tracing| tracing.mode()).map(TracingMode::as_str))),
        (&LOGGING, config.logging_config().map_or(Value::Null, reported_logging)),
        (&LAYERS, list(layers)),
        (&DEAD_LETTER, text(config.dead_letter_config().and_then(|target| target.target_arn()))),
        (&VPC, reported_vpc(config)),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_null()).map(|(row, value)| (row.key, value)).collect()
}

fn reported_logging(logging: &LoggingConfig) -> Value {
    let parts = [
        (LOG_FORMAT.key, text(logging.log_format().map(LogFormat::as_str))),
        (APPLICATION_LEVEL.key, text(logging.application_log_level().map(ApplicationLogLevel::as_str))),
        (SYSTEM_LEVEL.key, text(logging.system_log_level().map(SystemLogLevel::as_str))),
        (LOG_GROUP.key, text(logging.log_group())),
    ];
    Value::map(parts.into_iter().filter(|(_, value)| !value.is_null()))
}

/// A function outside any VPC is reported with empty lists.
fn reported_vpc(config: &FunctionConfiguration) -> Value {
    let Some(vpc) = config.vpc_config() else { return Value::Null };
    let subnets = list(vpc.subnet_ids().iter().map(String::as_str));
    let groups = list(vpc.security_group_ids().iter().map(String::as_str));
    if subnets.is_null() && groups.is_null() {
        return Value::Null;
    }
    Value::map([(SUBNETS.key, subnets), (SECURITY_GROUPS.key, groups)])
}

fn variables(reported: Option<&HashMap<String, String>>) -> Value {
    match reported {
        Some(map) if !map.is_empty() => Value::map(map.iter().map(|(key, value)| (key, Value::text(value)))),
        _ => Value::Null,
    }
}

/// A text; an empty one is nothing.
pub fn text(text: Option<&str>) -> Value {
    text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::text)
}

fn int(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Int)
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> Value {
    let items: Vec<Value> = items.map(Value::text).collect();
    if items.is_empty() { Value::Null } else { Value::List(items) }
}
