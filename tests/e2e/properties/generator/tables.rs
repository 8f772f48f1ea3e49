//! Tables with their keys, indexes and capacity.

use proptest::option::of;
use proptest::prelude::{Just, Strategy, prop_oneof};
use serde_json::{Value, json};

use super::{Values, flags, members, numbers, one_of, tags};

pub fn table() -> impl Strategy<Value = Value> {
    let settings = members(vec![
        ("name", one_of(&["one", "two"])),
        ("tags", tags()),
        ("time_to_live", one_of(&["until", "end"])),
        ("stream", one_of(&["keys_only", "new_image", "old_image", "new_and_old_images"])),
        ("point_in_time_recovery", flags()),
        ("kms_key", Just(json!("arn:aws:kms:us-east-1:000000000000:key/1")).boxed()),
        ("table_class", one_of(&["standard", "infrequent_access"])),
    ]);
    let one_key = |names| one_of(names).prop_map(key);
    (settings, one_key(&["id", "kind"]), of(one_key(&["at", "size"])), billing(), indexes(), flags()).prop_map(
        |(mut table, partition, sort, billing, mut indexes, local)| {
            let provisioned = !billing["capacity"].is_null();
            for index in indexes.as_array_mut().unwrap().iter_mut().filter(|_| !provisioned) {
                index.as_object_mut().unwrap().remove("capacity");
            }
            table.as_object_mut().unwrap().extend(billing.as_object().cloned().unwrap());
            table["partition_key"] = partition;
            table["indexes"] = indexes;
            if let Some(sort) = sort {
                table["sort_key"] = sort;
                if local == true {
                    table["local_indexes"] = json!([{"name": "local", "sort_key": key("hash".into())}]);
                }
            }
            table
        },
    )
}

/// A key attribute, whose name says its type: a table has one type for each.
fn key(name: Value) -> Value {
    match name.as_str().unwrap() {
        "at" | "size" => json!({"name": name, "type": "number"}),
        "hash" => json!({"name": name, "type": "binary"}),
        _ => json!({"name": name}),
    }
}

fn billing() -> Values {
    let units = || members(vec![("read", numbers(1, 50)), ("write", numbers(1, 50))]);
    let provisioned = (1_i64..50, 1_i64..50)
        .prop_map(|(read, write)| json!({"billing": "provisioned", "capacity": {"read": read, "write": write}}));
    let bounded = units().prop_map(|max| json!({"billing": "on_demand", "max_capacity": max}));
    prop_oneof![Just(json!({})), bounded, provisioned].boxed()
}

fn indexes() -> Values {
    let index = |name: &'static str| {
        let projection = prop_oneof![
            Just(json!({})),
            Just(json!({"projection": "keys"})),
            Just(json!({"attributes": ["body", "note"]})),
        ];
        let capacity = members(vec![("capacity", Just(json!({"read": 2, "write": 3})).boxed())]);
        let keys = (one_of(&["kind", "size"]), of(Just(json!("hash"))));
        (projection, capacity, keys).prop_map(move |(mut index, capacity, (partition, sort))| {
            index.as_object_mut().unwrap().extend(capacity.as_object().cloned().unwrap());
            index["name"] = name.into();
            index["partition_key"] = key(partition);
            if let Some(sort) = sort {
                index["sort_key"] = key(sort);
            }
            index
        })
    };
    (of(index("by-one")), of(index("by-two")))
        .prop_map(|(one, two)| Value::Array([one, two].into_iter().flatten().collect()))
        .boxed()
}
