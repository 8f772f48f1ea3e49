//! A stack → a folder of Terraform configuration.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hcl::Expression;

use super::define;
use super::imports;
use super::items::Items;
use super::layout::{Body, Item, Piece, call, object, path, template};
use super::moved;
use super::names::{Referrer, beside_label, circles, in_order, label};
use super::secrets::Secrets;
use super::spell::{self, Spelled, Words as _};
use super::variables::Open;
use crate::diagnostic::Diagnostics;
use crate::expand::{ADDRESS_TAG, REGION_TAG, STACK_TAG};
use crate::kind::terraform::{Beside, NOT_IN_PROVIDER, SECRET_IN_STATE, Spelling, Tie};
use crate::kind::{self, Row, Type};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::value::Value;

/// The folder of the zips, within the rendered one.
pub const BUILD: &str = "build";
/// The variable for the Region.
pub const REGION: &str = "aws_region";
/// What gives an account, a Region and a partition.
const DATA: [(&str, &str, &str); 3] = [
    ("account_id", "aws_caller_identity", "account_id"),
    ("partition", "aws_partition", "partition"),
    ("region", "aws_region", "id"),
];

/// What was rendered.
#[derive(Clone, Debug, Default)]
pub struct Rendering {
    /// The text of each file, by its name.
    pub files: BTreeMap<&'static str, String>,
    /// The resource of the stack that each of Terraform's is, or stands beside.
    pub owners: BTreeMap<String, Address>,
    /// What Terraform refuses to destroy, by type and label: what the stack protects.
    pub protected: BTreeSet<(&'static str, String)>,
    /// The values of the variables: those of the stack, and those that hold secrets.
    pub values: BTreeMap<String, Value>,
}

impl Rendering {
    /// Tells whether a file may be written anew: one that somebody else wrote, or took over, may not.
    #[must_use]
    pub fn is_ours(text: &str) -> bool {
        let heads = [HEAD, imports::HEAD, imports::OVERRIDES_HEAD];
        text.trim().is_empty() || heads.iter().any(|head| text.starts_with(head))
    }
}

/// How every file begins.
const HEAD: &str = "# Rendered by queuestack from ";

/// Renders a stack.
///
/// # Errors
/// When a resource sets what the provider cannot express, or what a state must not hold; all of it is told.
pub fn render(open: &Open) -> Result<Rendering, Diagnostics> {
    let mut out = Diagnostics::default();
    let stack = &open.stack;
    for resource in stack.resources.values() {
        refuse_unknown(resource, &mut out);
        refuse_secrets(resource, &mut out);
    }
    if out.has_errors() {
        return Err(out);
    }
    let (circles, locals) = (circles(stack), RefCell::default());
    let secrets = Secrets::of(open);
    let mut renderer = Renderer { open, circles, locals, owners: BTreeMap::new(), secrets };
    let mut main = Body::default();
    for resource in in_order(stack) {
        renderer.resource(resource, &mut main);
    }
    moved::blocks(stack, &renderer.owners, &mut main);
    let main = headed(stack, &renderer.with_locals(main));
    let asked = renderer.asked(&main);
    let files = BTreeMap::from([
        ("versions.tf", headed(stack, &versions(stack))),
        ("variables.tf", headed(stack, &renderer.variables(&asked))),
        ("main.tf", main),
        ("outputs.tf", headed(stack, &renderer.outputs())),
    ]);
    let values = renderer.values(&asked);
    let protected = stack.resources.values().filter(|one| one.protect);
    let protected = protected.filter_map(|one| Some((one.kind.terraform()?.resource, label(&one.address.name))));
    Ok(Rendering { files, owners: renderer.owners, protected: protected.collect(), values })
}

/// Tells of every attribute that the provider has no argument for.
fn refuse_unknown(resource: &Resource, out: &mut Diagnostics) {
    for without in resource.kind.terraform().map_or(&[][..], |spelling| spelling.without) {
        let (key, member) =
            without.key.split_once('.').map_or((without.key, None), |(key, member)| (key, Some(member)));
        let row = resource.kind.rows().iter().find(|row| row.key == key);
        let value = row.map_or(&Value::Null, |row| resource.get(row));
        let value = member.map_or(value, |member| value.get(member));
        if without.needed && !matches!(value, Value::Null | Value::Bool(false)) {
            let message =
                format!("Terraform cannot say `{}` of `{}`: {}", without.key, resource.address, without.reason);
            out.push(resource.finding(&NOT_IN_PROVIDER, without.key, message));
        }
    }
}

/// Tells of every secret: what Terraform is given stands in its state.
fn refuse_secrets(resource: &Resource, out: &mut Diagnostics) {
    for row in resource.kind.rows() {
        kind::walk(&row.ty, row.key, resource.get(row), &mut |path, value| {
            if let Some(secret) = value.as_ref().and_then(Ref::secret) {
                let message = format!("`{path}` of `{}` refers to `{secret}`", resource.address);
                out.push(resource.finding(&SECRET_IN_STATE, path, message));
            }
        });
    }
}

/// The first line of every file.
fn headed(stack: &Stack, body: &Body) -> String {
    let file = file_name(stack);
    let mut head = Body::default();
    head.comment(format!("{}{file}: change that and render again.", HEAD.trim_start_matches("# ")));
    format!("{}\n{}", head.text(), body.text())
}

fn file_name(stack: &Stack) -> String {
    let name = Path::new(&stack.source.path).file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| format!("stack {}", stack.name))
}

fn versions(stack: &Stack) -> Body {
    let mut aws = Body::default();
    aws.argument(
        "aws",
        object([("source".to_owned(), "hashicorp/aws".into()), ("version".to_owned(), ">= 5.80, < 7.0".into())]),
    );
    let mut terraform = Body::default();
    terraform.argument("required_version", ">= 1.5");
    terraform.block("required_providers", &[], aws);
    let mut provider = Body::default();
    provider.argument("region", path(&format!("var.{REGION}")));
    if !stack.ignore_tags.is_empty() {
        let (prefixes, keys): (Vec<&String>, Vec<&String>) =
            stack.ignore_tags.iter().partition(|tag| tag.ends_with('*'));
        let texts =
            |tags: Vec<&String>| tags.iter().map(|tag| tag.trim_end_matches('*').into()).collect::<Vec<Expression>>();
        let mut ignored = Body::default();
        ignored.argument("keys", texts(keys));
        ignored.argument("key_prefixes", texts(prefixes));
        provider.block("ignore_tags", &[], ignored);
    }
    let mut body = Body::default();
    body.block("terraform", &[], terraform);
    body.block("provider", &["aws"], provider);
    body
}

/// A stack on its way into text.
pub struct Renderer<'a> {
    /// The stack with the variables that can stay open.
    pub open: &'a Open,
    circles: BTreeSet<(Address, Address)>,
    locals: RefCell<BTreeSet<&'static str>>,
    owners: BTreeMap<String, Address>,
    /// What is secret.
    pub secrets: Secrets,
}

impl Renderer<'_> {
    /// Renders one resource and what stands beside it.
    fn resource(&mut self, resource: &Resource, main: &mut Body) {
        let Some(spelling) = resource.kind.terraform() else { return };
        let label = label(&resource.address.name);
        let attributes = self.secrets.attributes(resource);
        let referrer = Referrer {
            open: self.open,
            circles: &self.circles,
            secrets: &self.secrets,
            from: &resource.address,
            locals: &self.locals,
        };
        let written = Written { resource, spelling, label: &label, attributes, words: &referrer };
        let mut body = written.main(self.open);
        body.0.extend(self.depends_on(resource));
        main.comment(comment(resource, &self.open.stack));
        main.block("resource", &[spelling.resource, &label], body);
        self.owners.insert(format!("{}.{label}", spelling.resource), resource.address.clone());
        for beside in spelling.beside {
            if let Some(body) = written.beside(beside) {
                let label = beside_label(&resource.address, beside.resource);
                main.block("resource", &[beside.resource, &label], body);
                self.owners.insert(format!("{}.{label}", beside.resource), resource.address.clone());
            }
        }
    }

    /// What is used must be complete: the policies beside a role come before the function that runs as it.
    fn depends_on(&self, resource: &Resource) -> Option<Item> {
        let needed = resource.references().into_iter().filter(|reference| reference.hard);
        let needed: BTreeSet<&Address> = needed.filter_map(crate::model::Ref::address).collect();
        let besides = needed.into_iter().filter_map(|address| self.open.stack.resources.get(address)).flat_map(|one| {
            let spelling = one.kind.terraform();
            let besides = spelling.map_or(&[][..], |spelling| spelling.beside).iter();
            let there = besides.filter(move |beside| !beside.always && is_set(one, beside));
            let label = |beside: &Beside| beside_label(&one.address, beside.resource);
            there.map(move |beside| format!("{}.{}", beside.resource, label(beside)))
        });
        let besides: Vec<Expression> = besides.map(|dotted| path(&dotted)).collect();
        (!besides.is_empty()).then(|| Item::Argument("depends_on".to_owned(), besides.into()))
    }

    /// The values that the variables have here.
    fn values(&self, asked: &BTreeSet<&String>) -> BTreeMap<String, Value> {
        let open = asked.iter().copied();
        let open = open.filter_map(|name| Some((name.clone(), self.open.stack.variables.get(name)?.value.clone()?)));
        open.chain(self.secrets.variables().cloned()).collect()
    }

    /// Puts the locals that were needed, and what they are made from, before the resources.
    fn with_locals(&self, main: Body) -> Body {
        let stack = &self.open.stack;
        let used = self.locals.borrow();
        let mut body = Body::default();
        let mut locals = Body::default();
        for (local, data, attribute) in DATA.iter().filter(|(local, ..)| used.contains(local)) {
            body.block("data", &[data, "current"], Body::default());
            locals.argument(local, path(&format!("data.{data}.current.{attribute}")));
        }
        let shared = stack.tags.iter().map(|(key, value)| (key.clone(), template(&self.open.pieces(value))));
        let shared = shared.chain([(STACK_TAG.to_owned(), Expression::from(stack.name.as_str()))]);
        locals.argument("tags", object(shared));
        body.block("locals", &[], locals);
        body.0.extend(main.0);
        body
    }
}

/// Where a resource comes from.
fn comment(resource: &Resource, stack: &Stack) -> String {
    let line = resource.span("").map(|span| stack.source.line_column(span.start).0);
    let place = line.map_or_else(String::new, |line| format!(" ({}:{line})", file_name(stack)));
    match &resource.made_by {
        Some(maker) => format!("{}, made by {maker}{place}", resource.address),
        None => format!("{}{place}", resource.address),
    }
}

/// Tells whether any row of a resource is held by what stands beside it.
pub fn is_set(resource: &Resource, beside: &Beside) -> bool {
    if let Some(items) = Items::of(resource.kind.rows(), beside) {
        return !items.there_in(resource).is_empty();
    }
    let rows = resource.kind.rows().iter().filter(|row| !row.is_short_form());
    let held = rows.filter(|row| Spelled::of(row.terraform, &|_| true).beside == Some(beside.resource));
    held.into_iter().any(|row| !row.ty.normal(resource.get(row)).is_null())
}

/// One resource on its way into text.
pub(super) struct Written<'a> {
    resource: &'a Resource,
    pub(super) spelling: &'static Spelling,
    pub(super) label: &'a str,
    attributes: &'a BTreeMap<&'static str, Value>,
    pub(super) words: &'a Referrer<'a>,
}

impl Written<'_> {
    pub(super) fn get(&self, row: &Row) -> Value {
        self.attributes.get(row.key).cloned().unwrap_or(Value::Null)
    }

    fn main(&self, open: &Open) -> Body {
        let mut body = Body::default();
        if !self.spelling.name.is_empty() {
            body.argument(self.spelling.name, self.words.words(&self.name()));
        }
        self.spelling.fixed.iter().for_each(|(name, text)| body.argument(name, *text));
        self.code(open, &mut body);
        let left_out = self
            .spelling
            .left_out
            .as_ref()
            .filter(|one| self.attributes.get(one.key).and_then(Value::as_int) == Some(one.value));
        let is_set = |key: &str| self.attributes.get(key).is_some_and(|value| !value.is_null());
        let refused = |row: &Row| self.spelling.unless.iter().any(|(key, other)| *key == row.key && is_set(other));
        let mine = |row: &Row| {
            let spelled = Spelled::of(row.terraform, &|_| true);
            let here = spelled.beside.is_none() && spelled.key.is_none();
            here && !refused(row) && left_out.is_none_or(|one| one.key != row.key)
        };
        spell::write(self.resource.kind.rows(), &|row| self.get(row), self.words, &mine, &mut body);
        define::gather(&mut body);
        if self.resource.kind.has_tags() {
            self.tags(open, &mut body);
        }
        let mut lifecycle = Body::default();
        if self.resource.protect {
            lifecycle.argument("prevent_destroy", true);
        }
        if let Some(left_out) = left_out {
            let row = self.resource.kind.rows().iter().find(|row| row.key == left_out.key);
            lifecycle.comment(left_out.reason);
            lifecycle.argument("ignore_changes", vec![path(row.map_or(left_out.key, |row| row.terraform))]);
        }
        if !lifecycle.0.is_empty() {
            body.block("lifecycle", &[], lifecycle);
        }
        body
    }

    /// Its name as AWS calls it, with the Region as a reference where it stands in the name.
    fn name(&self) -> Value {
        let (physical, kind) = (self.resource.physical_name(), self.resource.kind);
        match kind.short_name(physical) {
            short if short != physical => Value::text(short),
            _ => self.resource.name_value(),
        }
    }

    /// The zip, where `queuestack build --out` writes it.
    fn code(&self, open: &Open, body: &mut Body) {
        let Some((file, digest)) = self.spelling.code else { return };
        let Some(source) = self.resource.kind.source(self.resource) else { return };
        let zip = format!("/{BUILD}/{}", source.file_name(&|text| open.closed(text)));
        let zip = template(&[Piece::Path("path.module".to_owned()), Piece::Text(zip)]);
        body.argument(file, zip.clone());
        // Without the zip it can be validated and planned all the same.
        body.argument(digest, call("try", [call("filebase64sha256", [zip]), Expression::Null]));
    }

    fn tags(&self, open: &Open, body: &mut Body) {
        let shared = |key: &String, value: &String| open.stack.tags.get(key) == Some(value) || key == STACK_TAG;
        let own = self.resource.tags.iter().filter(|(key, value)| !shared(key, value) && *key != ADDRESS_TAG);
        let own = own.map(|(key, value)| (key.clone(), self.words.words(&Value::text(value))));
        let address = (ADDRESS_TAG.to_owned(), Expression::from(self.resource.address.to_string()));
        // An account has it once, a stack perhaps in several Regions.
        let region = self.resource.kind.is_global().then(|| Value::Ref(Ref::place(Fact::Region)));
        let region = region.map(|value| (REGION_TAG.to_owned(), self.words.words(&value)));
        body.argument("tags", call("merge", [path("local.tags"), object(own.chain([address]).chain(region))]));
    }

    /// What stands beside it, if there is anything to say.
    fn beside(&self, beside: &Beside) -> Option<Body> {
        if let Some(items) = Items::of(self.resource.kind.rows(), beside) {
            return self.items(&items, beside);
        }
        if !beside.always && !is_set(self.resource, beside) {
            return None;
        }
        let mut body = Body::default();
        for (name, tie) in beside.arguments {
            body.argument(name, self.tied(tie));
        }
        let rows = self.resource.kind.rows();
        for row in rows.iter().filter(|row| !row.is_short_form()) {
            let spelled = Spelled::of(row.terraform, &|_| true);
            if spelled.beside != Some(beside.resource) {
                continue;
            }
            match (&row.ty, self.get(row)) {
                (Type::List { of, .. }, Value::List(items)) if spelled.each => {
                    let items = items.iter().map(|item| spell::expression(of, item, self.words)).collect::<Vec<_>>();
                    body.0.insert(0, Item::Argument("for_each".into(), call("toset", [items.into()])));
                    body.argument(spelled.name, path("each.value"));
                }
                _ => spell::write(std::slice::from_ref(row), &|row| self.get(row), self.words, &|_| true, &mut body),
            }
        }
        Some(body)
    }

    /// An argument that ties it to others; those of single items are written with the items.
    pub(super) fn tied(&self, tie: &Tie) -> Expression {
        match tie {
            Tie::Own(attribute) => path(&format!("{}.{}.{attribute}", self.spelling.resource, self.label)),
            Tie::Text(text) => (*text).into(),
            Tie::All(resource, attribute) => {
                let others = self.spelling.beside.iter().filter(|other| other.resource == *resource);
                let there = others.filter(|other| is_set(self.resource, other));
                there.map(|_| path(&format!("{resource}.{}.{attribute}", self.label))).collect::<Vec<_>>().into()
            }
            Tie::Name(_) | Tie::Peer(..) | Tie::Each(_) => Expression::Null,
        }
    }
}
