//! Rendered configuration → JSON as a plan of Terraform's would have it, by evaluating its expressions.

use std::collections::BTreeMap;

use hcl::eval::{Context, Evaluate as _, FuncArgs, FuncDef, ParamType};
use hcl::{Block, Body, Expression};
use queuestack::backend::terraform::Rendering;
use queuestack::backend::terraform::spell::{self, Spelled};
use queuestack::model::{Address, Ref, Resource, Stack};
use queuestack::value::{Place, Value};
use serde_json::{Map, Value as Json, json};

/// One resource of the configuration.
pub struct Evaluated {
    /// Its type.
    pub resource_type: String,
    /// The resource of the stack that it belongs to.
    pub owner: Address,
    /// Its arguments; blocks are lists of objects.
    pub json: Json,
    /// What `for_each` goes through.
    pub items: Vec<Value>,
    /// Which item of a map it is.
    pub key: Option<String>,
}

/// The URL that a queue is taken to have.
pub fn url(logical: &str) -> String {
    format!("https://sqs.example.com/{logical}")
}

/// Evaluates every resource.
pub fn resources(rendering: &Rendering, stack: &Stack, place: &Place) -> Vec<Evaluated> {
    let body = hcl::parse(&rendering.files["main.tf"]).unwrap();
    let mut context = context(rendering, stack, place, &body);
    let blocks: Vec<&Block> = body.blocks().filter(|block| block.identifier() == "resource").collect();
    let evaluated = blocks.iter().flat_map(|block| {
        let labels: Vec<&str> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
        let each = block.body().attributes().find(|one| one.key() == "for_each");
        let each = each.map_or(Json::Null, |each| value(each.expr(), &context));
        let one = |json: Json, items: Vec<Value>, key: Option<String>| {
            let owner = rendering.owners[&labels.join(".")].clone();
            Evaluated { resource_type: labels[0].to_owned(), owner, json, items, key }
        };
        if let Json::Object(all) = &each {
            let each = all.iter().map(|(key, item)| {
                context.declare_var("each", to_hcl(&json!({"key": key, "value": item})));
                one(object(block.body(), &context), Vec::new(), Some(key.clone()))
            });
            return each.collect::<Vec<_>>();
        }
        let items = items(&each);
        if let Some(first) = items.first() {
            context.declare_var("each", hcl::value!({ "value" = (first.plain()) }));
        }
        vec![one(object(block.body(), &context), items, None)]
    });
    evaluated.collect()
}

fn items(list: &Json) -> Vec<Value> {
    Value::from_json(list).as_list().unwrap_or_default().to_vec()
}

fn value(expression: &Expression, context: &Context) -> Json {
    let value = expression.evaluate(context).unwrap_or_else(|error| panic!("{expression:?}: {error}"));
    serde_json::to_value(value).unwrap()
}

fn object(body: &Body, context: &Context) -> Json {
    let mut object = Map::new();
    let plain = body.attributes().filter(|one| !["for_each", "depends_on"].contains(&one.key()));
    for attribute in plain {
        object.insert(attribute.key().to_owned(), value(attribute.expr(), context));
    }
    for block in body.blocks().filter(|block| block.identifier() == "dynamic") {
        // A block for each item of a list, in which it goes by the block's name.
        let name = block.labels()[0].as_str();
        let each = block.body().attributes().next().unwrap();
        let all = value(each.expr(), context).as_array().unwrap().clone();
        let content = block.body().blocks().next().unwrap();
        let one = |item: &Json| {
            let mut context = context.clone();
            context.declare_var(name, to_hcl(&json!({"value": item})));
            self::object(content.body(), &context)
        };
        if !all.is_empty() {
            object.insert(name.to_owned(), all.iter().map(one).collect());
        }
    }
    for block in body.blocks().filter(|block| !["lifecycle", "dynamic"].contains(&block.identifier())) {
        let list = object.entry(block.identifier()).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(self::object(block.body(), context));
    }
    Json::Object(object)
}

/// Functions, and everything that expressions refer to.
fn context(rendering: &Rendering, stack: &Stack, place: &Place, body: &Body) -> Context<'static> {
    let mut context = Context::new();
    functions(&mut context);
    let variables = rendering.values.iter().map(|(name, value)| (name.clone(), value.to_json()));
    context.declare_var("var", to_hcl(&Json::Object(variables.collect())));
    context.declare_var("path", hcl::value!({ "module" = "." }));
    context.declare_var(
        "local",
        to_hcl(&json!({
            "account_id": place.account, "region": place.region, "partition": place.partition,
        })),
    );
    let locals = body.blocks().find(|block| block.identifier() == "locals").unwrap();
    let tags = locals.body().attributes().find(|one| one.key() == "tags").unwrap();
    let tags = value(tags.expr(), &context);
    context.declare_var(
        "local",
        to_hcl(&json!({
            "account_id": place.account, "region": place.region, "partition": place.partition, "tags": tags,
        })),
    );
    let arn_of = |reference: &Ref| {
        let resource = &stack.resources[reference.address()?];
        Some(resource.kind.arn_of(resource, place))
    };
    let mut known: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
    for (address, owner) in &rendering.owners {
        let (resource_type, label) = address.split_once('.').unwrap();
        let resource = &stack.resources[owner];
        let spelling = resource.kind.terraform().unwrap();
        let name = resource.kind.short_name(resource.physical_name());
        let mut facts = json!({
            "id": name, "name": name, "arn": resource.kind.arn_of(resource, place), "url": url(&owner.name),
        });
        facts["execution_arn"] = json!(format!("arn:aws:execute-api:{}:{}:{name}", place.region, place.account));
        let bus = resource.kind.rows().iter().find(|row| row.key == "bus").map(|row| (row, resource.get(row)));
        let bus = bus.map(|(row, bus)| Spelled::of(row.terraform, &|_| true).told(&bus.resolve(&arn_of)));
        facts["event_bus_name"] = bus.map_or(Json::Null, |bus| bus.to_json());
        if spelling.resource == resource_type && !spelling.name.is_empty() {
            facts[spelling.name] = json!(name);
        }
        if let Some(keys) = keys(resource, resource_type) {
            facts = keys.into_iter().map(|key| (key.clone(), json!({"id": key}))).collect::<Map<_, _>>().into();
        }
        known.entry(resource_type.to_owned()).or_default().insert(label.to_owned(), facts);
    }
    for (resource_type, resources) in known {
        context.declare_var(resource_type.as_str(), to_hcl(&Json::Object(resources)));
    }
    context
}

/// The keys of the items that are resources of this type, if they are.
fn keys(resource: &Resource, resource_type: &str) -> Option<Vec<String>> {
    resource.kind.rows().iter().find_map(|row| {
        let (key, rows) = spell::items_of(row)?;
        let mut holders = rows.iter().filter_map(|row| Spelled::of(row.terraform, &|_| true).beside);
        holders.find(|holder| *holder == resource_type)?;
        Some(resource.get(row).as_list().unwrap_or_default().iter().map(|item| item.get(key).plain()).collect())
    })
}

fn to_hcl(json: &Json) -> hcl::Value {
    hcl::to_value(json).unwrap()
}

fn functions(context: &mut Context<'static>) {
    let one = |call: fn(FuncArgs) -> Result<hcl::Value, String>| FuncDef::builder().param(ParamType::Any).build(call);
    context.declare_func("jsonencode", one(|arguments| Ok(serde_json::to_string(&arguments[0]).unwrap().into())));
    context.declare_func("toset", one(|arguments| Ok(arguments[0].clone())));
    context.declare_func("filebase64sha256", one(|_| Ok(hcl::Value::Null)));
    context.declare_func(
        "compact",
        one(|arguments| {
            let items = arguments[0].as_array().unwrap().iter().filter(|item| !item.is_null()).cloned();
            Ok(items.collect::<Vec<_>>().into())
        }),
    );
    context.declare_func("sha256", one(|arguments| Ok(sha256(arguments[0].as_str().unwrap()).into())));
    let three = FuncDef::builder().param(ParamType::Any).param(ParamType::Any).param(ParamType::Any);
    let beginning = |arguments: FuncArgs| {
        let length = usize::try_from(arguments[2].as_number().unwrap().as_u64().unwrap()).unwrap();
        Ok(arguments[0].as_str().unwrap()[..length].into())
    };
    context.declare_func("substr", three.build(beginning));
    let first = |arguments: FuncArgs| Ok(arguments[0].clone());
    context.declare_func("try", FuncDef::builder().param(ParamType::Any).param(ParamType::Any).build(first));
    let merge = |arguments: FuncArgs| {
        let mut merged = arguments[0].as_object().unwrap().clone();
        merged.extend(arguments[1].as_object().unwrap().clone());
        Ok(merged.into())
    };
    context.declare_func("merge", FuncDef::builder().param(ParamType::Any).param(ParamType::Any).build(merge));
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
