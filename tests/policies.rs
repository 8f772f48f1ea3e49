//! The policies that workers' roles get, against golden files. `UPDATE=1 cargo test --test policies` writes them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test uses its part")]
mod support;

use queuestack::kind::{Kind as _, role};
use serde_json::{Map, Value};

/// The statements whose actions have no resource to name in IAM; the code gives the reason for each.
const WITHOUT_RESOURCE: &[&str] = &["XRay", "Vpc"];

#[test]
fn generated_policies() {
    for file in support::files("tests/fixtures/policies") {
        let stack = support::valid(&file);
        let roles = stack.resources.values().filter(|one| one.kind.name() == role::Role.name());
        let policies: Map<String, Value> =
            roles.map(|one| (one.address.name.clone(), one.get(&role::POLICY).to_json())).collect();
        policies.iter().for_each(|(role, policy)| least_privilege(role, policy));
        let json = serde_json::to_string_pretty(&policies).unwrap() + "\n";
        support::golden(&file.with_extension("json"), &json);
    }
}

fn least_privilege(role: &str, policy: &Value) {
    let mut sids = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        let sid = statement["Sid"].as_str().unwrap();
        assert!(sid.chars().all(|c| c.is_ascii_alphanumeric()), "{role}: IAM refuses the id {sid}");
        sids.push(sid);
        for action in statement["Action"].as_array().unwrap() {
            assert!(!action.as_str().unwrap().contains('*'), "{role}, {sid}: {action}");
        }
        for resource in statement["Resource"].as_array().unwrap() {
            assert!(resource != "*" || WITHOUT_RESOURCE.contains(&sid), "{role}, {sid}: any resource");
        }
    }
    let count = sids.len();
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(sids.len(), count, "{role}: ids are unique");
}
