//! A message's way to the dead-letter queue before its receives are used up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::super::{Backend, Delivery, Outgoing, QueueError};
use super::batch::MOST_BYTES;
use super::{SqsQueue, call_failed, message};

/// The most attributes of a message.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
const MOST_ATTRIBUTES: usize = 10;
/// The longest text of an attribute that says why, in characters: the whole error is in the log.
const LONGEST: usize = 1_000;
/// How long an answer about the redrive policy holds: it may be changed while a worker runs.
const POLICY_HOLDS: Duration = Duration::from_secs(60);

impl SqsQueue {
    /// Copies, then deletes. If the delete fails the copy stays: twice in the dead-letter queue is better than never.
    pub(super) async fn bury(&self, delivery: &Delivery, why: BTreeMap<String, String>) -> Result<(), QueueError> {
        let target = self.dead_letters.get_or_try_init(|| self.find_dead_letters()).await?;
        let fifo = target.ends_with(".fifo");
        let copy = Outgoing {
            body: delivery.body.clone(),
            attributes: attributes(delivery, &why),
            group: delivery.group.clone().or_else(|| fifo.then(|| delivery.message_id.clone())),
            deduplication: fifo.then(|| delivery.message_id.clone()),
            trace_header: delivery.trace_header.clone(),
            ..Outgoing::default()
        };
        let queue = Self::new(target).with_client(self.client().await.clone());
        for result in queue.send(vec![copy]).await {
            result?;
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
        let call = self.client().await.get_queue_url().queue_name(queue).queue_owner_aws_account_id(account);
        let answer = call.send().await.map_err(|error| call_failed(&error))?;
        answer.queue_url.ok_or_else(|| QueueError::permanent(format!("SQS has no URL of {queue}")))
    }
}

/// What says why comes first; of the message's own attributes, those that still fit.
fn attributes(delivery: &Delivery, why: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = delivery.attributes.iter().filter(|(name, _)| !why.contains_key(*name));
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    let why = why.iter().map(|(name, value)| (name.clone(), acceptable(value)));
    let mut room = MOST_BYTES.saturating_sub(delivery.body.len());
    let mut taken = BTreeMap::new();
    for (name, value) in why.chain(own).filter(|(_, value)| !value.is_empty()).take(MOST_ATTRIBUTES) {
        let one = Outgoing { attributes: [(name.clone(), value.clone())].into(), ..Outgoing::default() };
        let size = message::size(&one);
        // A body of a whole mebibyte leaves room for none.
        if size <= room {
            room -= size;
            taken.insert(name, value);
        }
    }
    taken
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

    use super::*;

    fn delivery(body: usize, attributes: usize) -> Delivery {
        Delivery {
            message_id: "m".to_owned(),
            receipt: "r".to_owned(),
            body: "x".repeat(body),
            attributes: (0..attributes).map(|index| (format!("own{index}"), "value".to_owned())).collect(),
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
    fn why_has_precedence_over_the_messages_own_and_ten_are_the_most() {
        let all = attributes(&delivery(10, 12), &why("broken"));
        assert_eq!(all.len(), 10);
        assert_eq!(all["reason"], "malformed");
        assert_eq!(all["error"], "broken");
    }

    #[test]
    fn a_body_of_a_mebibyte_still_fits() {
        assert!(attributes(&delivery(MOST_BYTES, 2), &why("broken")).is_empty());
        let tight = attributes(&delivery(MOST_BYTES - 25, 0), &why("broken"));
        assert_eq!(tight.keys().collect::<Vec<_>>(), ["error"]);
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
