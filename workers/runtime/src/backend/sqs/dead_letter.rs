//! A message's way to the dead-letter queue before its receives are used up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::super::{Backend, Delivery, Outgoing, QueueError, Typed};
use super::batch::MOST_BYTES;
use super::message::Parcel;
use super::{SqsQueue, call_failed};

/// The most attributes of a message.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
const MOST_ATTRIBUTES: usize = 10;
/// The longest text of an attribute that says why, in characters: the whole error is in the log.
const LONGEST: usize = 1_000;
/// What a dead letter says of itself before all else.
const FIRST: [&str; 2] = ["reason", "error"];
/// The attribute with the name of the queue that a dead letter was in.
const SOURCE: &str = "sourceQueue";
/// How long an answer about the redrive policy holds: it may be changed while a worker runs.
const POLICY_HOLDS: Duration = Duration::from_secs(60);

impl SqsQueue {
    /// Copies, then deletes. If the delete fails the copy stays: twice in the dead-letter queue is better than never.
    pub(super) async fn bury(&self, delivery: &Delivery, mut why: BTreeMap<String, String>) -> Result<(), QueueError> {
        // SQS says of what it moves itself where that was; several queues may share this one.
        let name = self.url.rsplit('/').next().unwrap_or_default();
        why.insert(SOURCE.to_owned(), name.to_owned());
        let target = self.dead_letters.get_or_try_init(|| self.find_dead_letters()).await?;
        let fifo = target.ends_with(".fifo");
        let (attributes, typed, left_out) = attributes(delivery, why);
        let copy = Outgoing {
            body: delivery.body.clone(),
            attributes,
            group: delivery.group.clone().or_else(|| fifo.then(|| delivery.message_id.clone())),
            deduplication: fifo.then(|| delivery.message_id.clone()),
            trace_header: delivery.trace_header.clone(),
            ..Outgoing::default()
        };
        let queue = Self { clients: OnceCell::new_with(Some(self.clients().await.clone())), ..Self::new(target) };
        for result in queue.post(vec![Parcel { message: copy, typed }]).await {
            result?;
        }
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            tracing::warn!(message_id = delivery.message_id, names, "attributes had no room in the dead letter");
        }
        for error in self.delete(std::slice::from_ref(&delivery.receipt)).await.into_iter().filter_map(Result::err) {
            tracing::warn!(message_id = delivery.message_id, %error, "dead-lettered, but not deleted: it comes again");
        }
        Ok(())
    }

    /// How many receives the redrive policy allows. A queue that cannot be asked now is asked again the next time.
    pub(super) async fn allowed_receives(&self) -> Option<u32> {
        let mut known = self.most_receives.lock().await;
        if let Some((asked, most)) = *known
            && asked.elapsed() < POLICY_HOLDS
        {
            return most;
        }
        match self.redrive_policy().await {
            Ok(policy) => {
                let most = allowed(&policy);
                *known = Some((Instant::now(), most));
                most
            }
            Err(error) => {
                tracing::warn!(%error, "how many receives the queue allows is not known");
                None
            }
        }
    }

    /// The redrive policy; null when there is none.
    async fn redrive_policy(&self) -> Result<Value, QueueError> {
        let name = QueueAttributeName::RedrivePolicy;
        let attributes = self.attributes(std::slice::from_ref(&name)).await?;
        let policy = attributes.get(name.as_str()).and_then(|text| serde_json::from_str(text).ok());
        Ok(policy.unwrap_or_default())
    }

    /// The URL of the queue that the redrive policy names.
    async fn find_dead_letters(&self) -> Result<String, QueueError> {
        let policy = self.redrive_policy().await?;
        let arn: Vec<&str> = policy["deadLetterTargetArn"].as_str().unwrap_or_default().split(':').collect();
        let [_, _, _, _, account, queue] = arn[..] else {
            return Err(QueueError::permanent(
                "the queue has no redrive policy: give it a dead-letter queue, or set DLQ_URL",
            ));
        };
        let call = self.clients().await.calls.get_queue_url().queue_name(queue).queue_owner_aws_account_id(account);
        let answer = call.send().await.map_err(|error| call_failed(&error))?;
        answer.queue_url.ok_or_else(|| QueueError::permanent(format!("SQS has no URL of {queue}")))
    }
}

/// An attribute of a dead letter.
enum Attribute {
    Plain(String),
    Typed(Typed),
}

/// Those of the dead letter, and the names of what had no room: the reason and the error first, then the message's own,
/// which stand nowhere else, then what is in the log too.
fn attributes(
    delivery: &Delivery,
    mut why: BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, Typed>, Vec<String>) {
    let own = |name: &String| !why.contains_key(name);
    let texts = delivery.attributes.iter().filter(|(name, text)| own(name) && !text.is_empty());
    let texts = texts.filter(|(name, _)| !delivery.typed.contains_key(*name));
    let texts = texts.map(|(name, text)| (name.clone(), Attribute::Plain(text.clone())));
    let typed = delivery.typed.iter().filter(|(name, _)| own(name));
    let typed = typed.map(|(name, one)| (name.clone(), Attribute::Typed(one.clone())));
    let own: Vec<_> = texts.chain(typed).collect();
    let first: Vec<_> = FIRST.iter().filter_map(|name| why.remove_entry(*name)).collect();
    let plain = |(name, text): (String, String)| (name, Attribute::Plain(acceptable(&text)));
    let all = first.into_iter().map(plain).chain(own).chain(why.into_iter().map(plain));

    let mut room = MOST_BYTES.saturating_sub(delivery.body.len());
    let (mut taken, mut left_out) = (Parcel::default(), Vec::new());
    for (name, attribute) in all {
        let mut one = Parcel::default();
        match attribute {
            Attribute::Plain(text) => one.message.attributes.insert(name.clone(), text).map(drop),
            Attribute::Typed(typed) => one.typed.insert(name.clone(), typed).map(drop),
        };
        let count = taken.message.attributes.len() + taken.typed.len();
        // A body of a whole mebibyte leaves room for none.
        if count == MOST_ATTRIBUTES || one.size() > room {
            left_out.push(name);
            continue;
        }
        room -= one.size();
        taken.message.attributes.append(&mut one.message.attributes);
        taken.typed.append(&mut one.typed);
    }
    (taken.message.attributes, taken.typed, left_out)
}

/// The `maxReceiveCount` of a redrive policy, which SQS takes and gives as a number and as a text.
fn allowed(policy: &Value) -> Option<u32> {
    let most = &policy["maxReceiveCount"];
    most.as_u64().and_then(|most| u32::try_from(most).ok()).or_else(|| most.as_str()?.parse().ok())
}

/// SQS takes the characters of XML 1.0, and no empty text.
fn acceptable(text: &str) -> String {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let text: String = text.chars().take(LONGEST).map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::super::TypedValue;
    use super::*;

    fn delivery(body: usize, attributes: usize) -> Delivery {
        Delivery {
            message_id: "m".to_owned(),
            receipt: "r".to_owned(),
            body: "x".repeat(body),
            attributes: (0..attributes).map(|index| (format!("own{index}"), "value".to_owned())).collect(),
            typed: BTreeMap::new(),
            receive_count: 1,
            sent: SystemTime::UNIX_EPOCH,
            first_received: SystemTime::UNIX_EPOCH,
            group: None,
            trace_header: None,
        }
    }

    fn why(error: &str) -> BTreeMap<String, String> {
        [("reason", "malformed"), ("error", error)].map(|(name, text)| (name.to_owned(), text.to_owned())).into()
    }

    #[test]
    fn the_reason_is_first_then_the_messages_own_and_what_has_no_room_is_named() {
        let mut all = why("broken");
        all.extend([("attempts", "3"), ("own0", "ours")].map(|(name, text)| (name.to_owned(), text.to_owned())));
        let (taken, _, left_out) = attributes(&delivery(10, 10), all);
        assert_eq!((taken["reason"].as_str(), taken["error"].as_str()), ("malformed", "broken"));
        assert_eq!((taken.len(), taken.contains_key("own8")), (10, true));
        assert_eq!(left_out, ["own9", "attempts", "own0"]);
    }

    #[test]
    fn types_and_bytes_are_kept() {
        let mut delivery = delivery(10, 1);
        let number = Typed { data_type: "Number".to_owned(), value: TypedValue::Text("7".to_owned()) };
        let bytes = Typed { data_type: "Binary.raw".to_owned(), value: TypedValue::Bytes(vec![0, 255]) };
        delivery.attributes.insert("count".to_owned(), "7".to_owned());
        delivery.typed = [("count".to_owned(), number), ("raw".to_owned(), bytes)].into();
        let (plain, typed, left_out) = attributes(&delivery, why("broken"));
        assert_eq!(plain.keys().collect::<Vec<_>>(), ["error", "own0", "reason"]);
        assert_eq!((typed, left_out), (delivery.typed, vec![]));
    }

    #[test]
    fn a_body_of_a_mebibyte_still_fits() {
        let (taken, _, left_out) = attributes(&delivery(MOST_BYTES, 2), why("broken"));
        assert!(taken.is_empty());
        assert_eq!(left_out, ["reason", "error", "own0", "own1"]);
        let (tight, ..) = attributes(&delivery(MOST_BYTES - 25, 0), why("broken"));
        assert_eq!(tight.keys().collect::<Vec<_>>(), ["reason"]);
    }

    #[test]
    fn the_policy_is_read_in_both_spellings() {
        let policies = [r#"{"maxReceiveCount":3}"#, r#"{"maxReceiveCount":"3"}"#, r#"{"maxReceiveCount":-1}"#, "null"];
        let most = policies.map(|policy| allowed(&serde_json::from_str(policy).unwrap()));
        assert_eq!(most, [Some(3), Some(3), None, None]);
    }

    #[test]
    fn what_sqs_refuses_is_replaced() {
        assert_eq!(acceptable("a\u{0}b\u{ffff}\tü"), "a\u{fffd}b\u{fffd}\tü");
        assert_eq!(acceptable(""), "-");
        assert_eq!(acceptable(&"ä".repeat(5000)).chars().count(), LONGEST);
    }
}
