//! A plan as a file: what is reviewed is what is applied, or nothing is.
//!
//! The file is the JSON that `plan --format json` prints, and beside it all that applying needs, so that neither the
//! stack file nor the checkout is needed any more:
//!
//! - `format` and `version`; `tool`, the version that made it, which alone applies it
//! - `target.place` and `endpoint` (null for AWS): where it goes, and nowhere else
//! - `stack_digest`: SHA-256 of everything that the stack wants, to tell two plans of one stack apart
//! - `kept`: what is as it should be, by address, with its physical name and `was`: when it moved, the plan is another one
//! - for each step `desired` (ARN, attributes, tags), `found` (the physical name of what is there), `was` (a digest of
//!   every attribute and tag of it), `after` (the steps before it) and `consent`
//! - `code`: SHA-256, size and path of each zip that is shipped; the zips lie beside the plan, and are read again
//! - `digest`: SHA-256 of the compact JSON without this member: it finds what was damaged or edited; it is no signature
//!
//! Secrets are not in it: in their place stands `{"$secret": digest}`. Only a plan that sets one needs the stack file
//! and its variables again, and each secret must be the one that was planned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::live::Live;
use super::{Action, Plan, Step, diff::diff, fingerprint, loss, resolve};
use crate::gaps::Gaps;
use crate::kind::{Desired, Found, Row};
use crate::model::{Address, Attributes, Resource, Stack};
use crate::value::Place;

mod encode;

use encode::{conceal, decode, hex, hidden};

/// What the member `format` says.
pub const FORMAT: &str = "queuestack saved plan";
/// The version of the file; another one is refused.
pub const VERSION: u64 = 1;

/// A zip that a plan ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The resource that runs it.
    pub address: Address,
    /// SHA-256 in base64, as Lambda says it.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it lies, relative to the plan.
    pub path: String,
}

/// A plan that was read from a file.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The stack's name.
    pub stack: String,
    /// The stack file, as it was called when planning.
    pub file: String,
    /// Where it goes.
    pub place: Place,
    /// The endpoint; `None` for AWS itself.
    pub endpoint: Option<String>,
    /// The zips.
    pub code: Vec<Code>,
    ignore_tags: BTreeSet<String>,
    kept: Vec<Kept>,
    steps: Vec<SavedStep>,
}

/// What was there, and how.
#[derive(Clone, Debug)]
struct Kept {
    address: Address,
    name: String,
    was: BTreeMap<String, String>,
    fingerprint: Option<String>,
}

#[derive(Clone, Debug)]
struct SavedStep {
    address: Address,
    name: String,
    action: Action,
    desired: Option<Desired>,
    found: Option<Kept>,
    labels: Vec<String>,
    after: Vec<usize>,
    consent: bool,
}

/// Completes what is printed of a plan to what is saved of it. `document` is that of `report::plan::json`.
#[must_use]
pub fn write(
    mut document: Json,
    plan: &Plan,
    stack: &Stack,
    place: &Place,
    endpoint: Option<&str>,
    code: &[Code],
) -> String {
    let mut saved = Map::from_iter([("format".to_owned(), Json::from(FORMAT)), ("version".to_owned(), VERSION.into())]);
    if let Some(steps) = document["steps"].as_array_mut() {
        for (json, step) in steps.iter_mut().zip(&plan.steps) {
            json["desired"] = step.desired.as_ref().map_or(Json::Null, |desired| desired_json(stack, desired));
            json["found"] = step.found.as_ref().map(|found| &found.name).cloned().into();
            json["was"] = json!(step.found.as_ref().map(digests).unwrap_or_default());
            json["after"] = step.after.clone().into();
            json["consent"] = step.consent.into();
        }
    }
    let kept = plan.kept.iter().map(|(address, found)| {
        json!({"address": address, "name": found.name, "fingerprint": fingerprint(found), "was": digests(found)})
    });
    document["kept"] = kept.collect();
    document["calls"] = Json::Null;
    document["endpoint"] = endpoint.into();
    document["stack_digest"] = stack_digest(stack, place).into();
    document["ignore_tags"] = stack.ignore_tags.iter().cloned().collect();
    let code = code
        .iter()
        .map(|one| json!({"address": one.address, "sha256": one.sha256, "bytes": one.bytes, "path": one.path}));
    document["code"] = code.collect();
    if let Json::Object(members) = document {
        saved.extend(members);
    }
    let digest = digest_of(&saved);
    saved.insert("digest".to_owned(), digest.into());
    format!("{:#}\n", Json::Object(saved))
}

fn digest_of(members: &Map<String, Json>) -> String {
    let canonical: Map<_, _> =
        members.iter().filter(|(key, _)| *key != "digest").map(|(k, v)| (k.clone(), v.clone())).collect();
    hex(&Sha256::digest(Json::Object(canonical).to_string()))
}

fn desired_json(stack: &Stack, desired: &Desired) -> Json {
    let attributes = desired.attributes.iter().filter_map(|(key, value)| {
        let row = row_of(desired, key)?;
        Some(((*key).to_owned(), conceal(&stack.name, &desired.address, row, value, &desired.attributes)))
    });
    json!({"arn": desired.arn, "attributes": attributes.collect::<Map<_, _>>(), "tags": desired.tags})
}

fn row_of(desired: &Desired, key: &str) -> Option<&'static Row> {
    desired.kind.rows().iter().find(|row| row.key == key)
}

/// Digests everything that a stack wants at a place.
fn stack_digest(stack: &Stack, place: &Place) -> String {
    let wanted = stack.resources.values().map(|resource| {
        let desired = resolve(resource, stack, place, &BTreeMap::new());
        (desired.address.to_string(), desired_json(stack, &desired))
    });
    hex(&Sha256::digest(Json::Object(wanted.collect()).to_string()))
}

/// A short digest of every attribute and tag of what is there, to name what moved.
fn digests(found: &Found) -> BTreeMap<String, String> {
    let short = |text: String| hex(&Sha256::digest(text))[..12].to_owned();
    let rows = found.kind.rows().iter();
    let attributes = rows.filter_map(|row| {
        let value = row.ty.normal(found.attributes.get(row.key)?);
        Some((row.key.to_owned(), short(format!("{}/{}={}", found.arn, row.key, value.to_json()))))
    });
    let tags =
        found.tags.iter().map(|(key, value)| (format!("tags.{key}"), short(format!("{}/{key}={value}", found.arn))));
    attributes.chain(tags).collect()
}

/// Reads a saved plan.
///
/// # Errors
/// Says what is wrong with the file, and what to do.
pub fn read(text: &str, tool: &str) -> Result<Saved, String> {
    let again = "make the plan again with `queuestack plan STACK --out FILE`";
    let broken = |what: &str| format!("{what}: {again}");
    let json: Json = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_eof() { "it ends too early" } else { "it is no JSON" };
        broken(&format!("not a saved plan, or a damaged one: {what} at line {}", error.line()))
    })?;
    let members = json.as_object().filter(|_| json["format"] == FORMAT).ok_or_else(|| broken("not a saved plan"))?;
    if json["version"] != VERSION {
        return Err(broken(&format!(
            "a plan of format version {}, and this queuestack reads {VERSION}",
            json["version"]
        )));
    }
    if json["tool"] != tool {
        return Err(broken(&format!(
            "made by queuestack {}, and this is {tool}",
            json["tool"].as_str().unwrap_or("?")
        )));
    }
    if json["digest"] != digest_of(members) {
        return Err(broken("damaged or edited: its digest is not that of its content"));
    }
    parse(&json).ok_or_else(|| broken("not as a plan of this version is"))
}

fn parse(json: &Json) -> Option<Saved> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let place = &json["target"]["place"];
    let code = json["code"].as_array()?.iter().map(|one| {
        let (address, bytes) = (address(&one["address"])?, one["bytes"].as_u64()?);
        Some(Code { address, sha256: text(&one["sha256"])?, bytes, path: text(&one["path"])? })
    });
    Some(Saved {
        stack: text(&json["stack"])?,
        file: text(&json["file"])?,
        place: Place {
            partition: text(&place["partition"])?,
            region: text(&place["region"])?,
            account: text(&place["account"])?,
        },
        endpoint: text(&json["endpoint"]),
        code: code.collect::<Option<_>>()?,
        ignore_tags: json["ignore_tags"].as_array()?.iter().filter_map(text).collect(),
        kept: json["kept"].as_array()?.iter().map(|one| parse_kept(one, &one["name"])).collect::<Option<_>>()?,
        steps: json["steps"].as_array()?.iter().map(parse_step).collect::<Option<_>>()?,
    })
}

fn address(json: &Json) -> Option<Address> {
    let (kind, name) = json.as_str()?.split_once('.')?;
    Some(Address::new(crate::kind::find(kind)?.name(), name))
}

fn texts(json: &Json) -> Option<BTreeMap<String, String>> {
    json.as_object()?.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn parse_kept(json: &Json, name: &Json) -> Option<Kept> {
    Some(Kept {
        address: address(&json["address"])?,
        name: name.as_str()?.to_owned(),
        was: texts(&json["was"])?,
        fingerprint: json["fingerprint"].as_str().map(str::to_owned),
    })
}

fn parse_step(json: &Json) -> Option<SavedStep> {
    let address = address(&json["address"])?;
    let name = json["name"].as_str()?.to_owned();
    let actions = [Action::Create, Action::Update, Action::Replace, Action::Adopt, Action::Delete];
    let after = json["after"].as_array()?.iter().map(|one| usize::try_from(one.as_u64()?).ok());
    let labels = json["changes"].as_array()?.iter().map(|one| one["attribute"].as_str().map(str::to_owned));
    Some(SavedStep {
        action: actions.into_iter().find(|action| json!(action) == json["action"])?,
        desired: if json["desired"].is_null() { None } else { Some(parse_desired(&address, &name, &json["desired"])?) },
        found: if json["found"].is_null() { None } else { Some(parse_kept(json, &json["found"])?) },
        labels: labels.collect::<Option<_>>()?,
        after: after.collect::<Option<_>>()?,
        consent: json["consent"].as_bool()?,
        address,
        name,
    })
}

fn parse_desired(address: &Address, name: &str, json: &Json) -> Option<Desired> {
    let kind = crate::kind::find(address.kind)?;
    let attributes = json["attributes"].as_object()?.iter().map(|(key, value)| {
        let row = kind.rows().iter().find(|row| row.key == key)?;
        Some((row.key, decode(value)?))
    });
    Some(Desired {
        address: address.clone(),
        kind,
        name: name.to_owned(),
        arn: json["arn"].as_str()?.to_owned(),
        attributes: attributes.collect::<Option<Attributes>>()?,
        tags: texts(&json["tags"])?,
    })
}

impl Saved {
    /// The names that must be read before it can be applied, as a stack of nothing else.
    #[must_use]
    pub fn names(&self) -> Stack {
        let mut stack = Stack { name: self.stack.clone(), ignore_tags: self.ignore_tags.clone(), ..Stack::default() };
        let steps = self.steps.iter().flat_map(|step| {
            let found = step.found.iter().map(|found| &found.name);
            found.chain([&step.name]).map(|name| (step.address.kind, name))
        });
        for (kind, name) in steps.chain(self.kept.iter().map(|one| (one.address.kind, &one.name))) {
            let Some(kind) = crate::kind::find(kind) else { continue };
            let mut resource = Resource::new(kind, name);
            resource.name = Some(name.clone());
            stack.resources.insert(resource.address.clone(), resource);
        }
        stack
    }

    /// Tells whether secrets have to be read again from the stack.
    #[must_use]
    pub fn needs_secrets(&self) -> bool {
        let desired = self.steps.iter().filter_map(|step| step.desired.as_ref());
        desired.flat_map(|desired| desired.attributes.values()).any(|value| !hidden(value).is_empty())
    }

    /// Puts the secrets in, as the stack has them now.
    ///
    /// # Errors
    /// Names the secrets that are not those that were planned.
    pub fn fill(&mut self, stack: &Stack) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        for desired in self.steps.iter_mut().filter_map(|step| step.desired.as_mut()) {
            if desired.attributes.values().all(|value| hidden(value).is_empty()) {
                continue;
            }
            let now = stack.resources.get(&desired.address);
            let now = now.map(|resource| resolve(resource, stack, &self.place, &BTreeMap::new()));
            for (key, value) in &mut desired.attributes {
                let there = now.as_ref().and_then(|now| Some((row_of(now, key)?, now)));
                let missed = encode::fill(value, |member, digest| {
                    let (row, now) = there?;
                    encode::secret(&self.stack, row, member, digest, now)
                });
                wrong.extend(missed.iter().map(|member| format!("{}: the secret `{key}{member}`", desired.address)));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Turns it into a plan again, if the account is as it was.
    ///
    /// # Errors
    /// Names everything that moved since.
    pub fn resume(self, found: Vec<Found>, gaps: &Gaps) -> Result<Plan, Vec<String>> {
        let (stack, live) = (self.names(), Live::new(found, &self.stack));
        let kept = self.kept.iter().filter_map(|one| one.moved(&live));
        let moved: Vec<String> = self.steps.iter().filter_map(|step| step.moved(&live)).chain(kept).collect();
        if !moved.is_empty() {
            return Err(moved);
        }
        let mut plan = Plan { unchanged: self.kept.len(), ..Plan::default() };
        for saved in self.steps {
            let found = saved.found.as_ref().and_then(|before| live.get(saved.address.kind, &before.name));
            let changes = match &saved.desired {
                Some(desired) => diff(desired, found, &stack, gaps, &mut plan.notes),
                None => Vec::new(),
            };
            let labels =
                changes.iter().map(|one| if one.is_tag() { format!("tags.{}", one.key) } else { one.key.clone() });
            if labels.ne(saved.labels) {
                return Err(vec![format!("{}: what differs is not what was planned", saved.address)]);
            }
            plan.steps.push(Step {
                loss: loss(saved.action, &saved.name, found, &changes),
                fingerprint: found.map(fingerprint),
                found: found.cloned(),
                address: saved.address,
                name: saved.name,
                action: saved.action,
                changes,
                after: saved.after,
                desired: saved.desired,
                consent: saved.consent,
            });
        }
        Ok(plan)
    }
}

impl SavedStep {
    /// Says what is not as it was.
    fn moved(&self, live: &Live) -> Option<String> {
        let is_new = self.found.as_ref().is_none_or(|before| before.name != self.name);
        let came = is_new && live.get(self.address.kind, &self.name).is_some();
        let (address, name) = (&self.address, &self.name);
        let before = self.found.as_ref().and_then(|before| before.moved(live));
        before.or_else(|| came.then(|| format!("{address}: `{name}` exists now")))
    }
}

impl Kept {
    /// Says what is not as it was.
    fn moved(&self, live: &Live) -> Option<String> {
        let (address, name) = (&self.address, &self.name);
        let Some(found) = live.get(address.kind, name) else { return Some(format!("{address}: `{name}` is gone")) };
        if self.fingerprint.as_ref() == Some(&fingerprint(found)) {
            return None;
        }
        let now = digests(found);
        let keys: BTreeSet<&String> = self.was.keys().chain(now.keys()).collect();
        let moved: Vec<&str> =
            keys.into_iter().filter(|key| self.was.get(*key) != now.get(*key)).map(String::as_str).collect();
        Some(format!("{address}: {} of `{name}` changed", moved.join(", ")))
    }
}
