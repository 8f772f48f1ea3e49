//! What spellings mean, written and read.

use super::*;
use crate::model::Address;

#[test]
fn spellings_are_taken_apart() {
    let yes = |_: &str| true;
    let one = Spelled::of("aws_x:a.b.c", &yes);
    assert_eq!((one.beside, one.blocks, one.name), (Some("aws_x"), vec!["a", "b"], "c"));
    assert!(Spelled::of("aws_x[]:arn", &yes).each);
    assert_eq!(Spelled::of("endpoint?protocol=sqs", &yes).name, "endpoint");
    assert_eq!(Spelled::of("redrive_policy().arn", &yes).name, "redrive_policy");
    assert_eq!(Spelled::of("metric.period|period", &|_| false).blocks, Vec::<&str>::new());
    assert_eq!(Spelled::of("metric.period|period", &yes).blocks, ["metric"]);
    assert_eq!(Spelled::of("aws_x:arn!sqs", &yes).form, Form::Service("sqs"));
    let either = Spelled::of("state=ENABLED/DISABLED", &yes);
    assert_eq!((either.name, either.form), ("state", Form::Either("ENABLED", "DISABLED")));
    let list = Spelled::of("{route}", &yes);
    assert_eq!((list.key, list.name, list.beside), (Some("route"), "", None));
    let there = Spelled::of("aws_x:", &yes);
    assert_eq!((there.beside, there.name), (Some("aws_x"), ""));
    let named = Spelled::of("event_bus_name/", &yes);
    let bus = Ref::hard(&Address::new("bus", "shop"), Fact::Arn);
    assert_eq!((named.name, named.told(&bus).plain()), ("event_bus_name", "${buses.shop.name}".to_owned()));
    assert_eq!(named.told(&Value::text("arn:aws:events:r:1:event-bus/a/b")), Value::text("a/b"));
    let of = Spelled::of("aws_x:&function", &yes);
    assert_eq!((of.beside, of.name, of.of), (Some("aws_x"), "", Some("function")));
    let thousandths = Spelled::of("aws_x:timeout*1000", &yes);
    assert_eq!((thousandths.name, thousandths.told(&Value::Int(5))), ("timeout", Value::Int(5_000)));
    assert_eq!(thousandths.unscaled(Value::Int(2_000)), Value::Int(2));
    assert_eq!(thousandths.unscaled(Value::Int(2_500)), Value::Int(2_500));
}

#[test]
fn what_is_one_of_several_is_read_as_what_it_is() {
    let queue = Row::new("queue", "", "arn!sqs", Type::Name(&["queues"]));
    let state = Row::new("enabled", "", "state=ON/OFF", Type::Bool);
    let read_both = |arn: &str, word: &str| {
        let json = serde_json::json!({"arn": arn, "state": word});
        (read(&queue, &json), read(&state, &json))
    };
    let queue_arn = "arn:aws:sqs:eu-west-1:123456789012:jobs";
    assert_eq!(read_both(queue_arn, "ON"), (Value::text(queue_arn), Value::Bool(true)));
    assert_eq!(read_both("arn:aws:lambda:r:1:function:f", "OFF"), (Value::Null, Value::Bool(false)));
    assert_eq!(read_both("", "HALF").1, Value::text("HALF"));
}

#[test]
fn items_are_read_from_their_resources() {
    const ROWS: &[Row] = &[
        Row::new("name", "", "aws_a:name", Type::Text { min: 1, max: 9 }),
        Row::new("wait", "", "aws_b:wait*1000", Type::seconds(1, 30)),
        Row::new("open", "", "aws_c:", Type::Bool),
    ];
    let (a, b) = (serde_json::json!({"name": "x"}), serde_json::json!({"wait": 3_000}));
    let (none, c) = (Json::Null, serde_json::json!({}));
    let read = read_items(ROWS, [("aws_a", "x", &a), ("aws_b", "x", &b), ("aws_c", "x", &none)]);
    let item = |open| Value::map([("name", Value::text("x")), ("wait", Value::Int(3)), ("open", Value::Bool(open))]);
    assert_eq!(read, Value::List(vec![item(false)]));
    let read = read_items(ROWS, [("aws_a", "x", &a), ("aws_b", "x", &b), ("aws_c", "x", &c)]);
    assert_eq!(read, Value::List(vec![item(true)]));
    assert_eq!(read_items(ROWS, [("aws_a", "x", &none)]), Value::Null);
}

#[test]
fn what_an_item_cannot_have_is_not_told_to_be_absent() {
    const ROWS: &[Row] = &[
        Row::new("name", "", "aws_a:name", Type::Text { min: 1, max: 9 }),
        Row::new("function", "", "aws_a:arn!lambda", Type::Name(&["functions"])),
        Row::new("permission", "", "aws_b:&function", Type::Bool),
    ];
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:sync";
    let one = |arn: &str| {
        let json = serde_json::json!({"name": "x", "arn": arn});
        read_items(ROWS, [("aws_a", "x", &json)]).as_list().unwrap()[0].clone()
    };
    assert_eq!(one("arn:aws:sqs:eu-west-1:123456789012:jobs"), Value::map([("name", Value::text("x"))]));
    assert_eq!(one(function).get("permission"), &Value::Bool(false));
}
