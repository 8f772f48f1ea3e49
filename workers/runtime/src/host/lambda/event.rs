//! The event of an SQS event source mapping, read loosely: what one record lacks is that record's affair.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event>

use std::time::SystemTime;

use aws_smithy_types::base64;
use serde_json::{Map, Value};

use crate::backend::Delivery;
use crate::backend::sqs::{attributes, since_epoch};

/// A record of a batch.
#[derive(Debug)]
pub(super) struct Record {
    pub delivery: Delivery,
    /// The queue that it came from.
    pub arn: String,
}

/// Reads the records.
///
/// # Errors
/// It is not an event of SQS.
pub(super) fn records(event: &Value) -> Result<Vec<Record>, String> {
    let records = event["Records"].as_array().ok_or(
        "not an event of SQS: it has no `Records`; invoke this function through an event source mapping of its queue",
    )?;
    Ok(records.iter().map(record).collect())
}

fn record(record: &Value) -> Record {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let system = &record["attributes"];
    let number = |name: &str| system[name].as_str().and_then(|text| text.parse::<u64>().ok()).or(system[name].as_u64());
    let time = |name: &str| number(name).map_or_else(SystemTime::now, since_epoch);
    let none = Map::new();
    let own = record["messageAttributes"].as_object().unwrap_or(&none).iter();
    let (attributes, typed) = attributes(own.map(|(name, one)| {
        let bytes = one["binaryValue"].as_str().and_then(|text| base64::decode(text).ok());
        (name.clone(), text(&one["dataType"]), one["stringValue"].as_str().map(str::to_owned), bytes)
    }));
    let delivery = Delivery {
        message_id: text(&record["messageId"]),
        receipt: text(&record["receiptHandle"]),
        body: text(&record["body"]),
        attributes,
        typed,
        receive_count: number("ApproximateReceiveCount")
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1)
            .max(1),
        sent: time("SentTimestamp"),
        first_received: time("ApproximateFirstReceiveTimestamp"),
        group: system["MessageGroupId"].as_str().map(str::to_owned),
        trace_header: system["AWSTraceHeader"].as_str().map(str::to_owned),
    };
    Record { delivery, arn: text(&record["eventSourceARN"]) }
}

/// The URL of a queue: it follows from the ARN.
/// <https://docs.aws.amazon.com/general/latest/gr/sqs-service.html>
pub(super) fn url(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').collect();
    let [_, partition, _, region, account, name] = parts[..] else { return arn.to_owned() };
    let end = if partition == "aws-cn" { ".cn" } else { "" };
    format!("https://sqs.{region}.amazonaws.com{end}/{account}/{name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::{Typed, TypedValue};

    #[test]
    fn a_record_of_the_wrong_shape_leaves_the_others_alone() {
        let event = json!({"Records": [
            7,
            {"messageId": "m", "receiptHandle": "r", "body": "b", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q.fifo",
             "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1545082649183", "MessageGroupId": "g"},
             "messageAttributes": {"color": {"stringValue": "blue", "dataType": "String"}, "bin": {"binaryValue": "AP8=", "dataType": "Binary.raw"}, "odd": {"binaryValue": "?"}, "none": 7,
                                   "cents": {"stringValue": "12", "dataType": "Number"}}},
            {"messageId": null, "attributes": null, "messageAttributes": [], "body": {"not": "text"}},
        ]});
        let records = records(&event).unwrap();
        assert_eq!(records.len(), 3);
        let good = &records[1].delivery;
        assert_eq!((good.message_id.as_str(), good.receive_count, good.group.as_deref()), ("m", 3, Some("g")));
        assert_eq!(good.sent, since_epoch(1_545_082_649_183));
        assert_eq!(good.attributes["color"], "blue");
        assert_eq!((good.attributes["cents"].as_str(), good.attributes.len()), ("12", 2));
        let typed = |data_type: &str, value| Typed { data_type: data_type.to_owned(), value };
        assert_eq!(good.typed["bin"], typed("Binary.raw", TypedValue::Bytes(vec![0, 255])));
        assert_eq!(good.typed["cents"], typed("Number", TypedValue::Text("12".to_owned())));
        assert_eq!(good.typed.len(), 2);
        assert_eq!(records[2].delivery.body, "");
        assert!(super::records(&json!({"detail": {}})).is_err());
    }

    #[test]
    fn urls_follow_from_arns() {
        assert_eq!(url("arn:aws:sqs:eu-west-1:123:q"), "https://sqs.eu-west-1.amazonaws.com/123/q");
        assert_eq!(url("arn:aws-cn:sqs:cn-north-1:123:q"), "https://sqs.cn-north-1.amazonaws.com.cn/123/q");
    }
}
