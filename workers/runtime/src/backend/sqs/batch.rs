//! Batches: at most ten entries and one mebibyte a call, each entry with a fate of its own.
//!
//! Entries are named by their position: two deliveries of one message have one message id, and a call with a name
//! twice fails as a whole. What fails for the moment is tried again, alone.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::time::Duration;

use aws_sdk_sqs::types::BatchResultErrorEntry;
use futures::stream::{self, StreamExt};

use super::QueueError;

/// The most entries of a call.
pub(super) const MOST: usize = 10;
/// The most bytes of a call, bodies and attributes together.
pub(super) const MOST_BYTES: usize = 1_048_576;
/// How often an entry is tried.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What a call said of its entries.
pub(super) struct Answer<R> {
    pub done: Vec<(String, R)>,
    pub failed: Vec<Failed>,
}

/// An entry that failed.
pub(super) struct Failed {
    id: String,
    error: QueueError,
}

impl From<BatchResultErrorEntry> for Failed {
    fn from(entry: BatchResultErrorEntry) -> Self {
        let message = entry.message.unwrap_or_default();
        let error = QueueError { message: format!("{}: {message}", entry.code), transient: !entry.sender_fault };
        Self { id: entry.id, error }
    }
}

/// Cuts entries of these sizes into calls: ranges of positions, in order.
fn cut(sizes: &[usize]) -> Vec<std::ops::Range<usize>> {
    let (mut calls, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (index, size) in sizes.iter().enumerate() {
        if index > begin && (index - begin == MOST || bytes + size > MOST_BYTES) {
            calls.push(begin..index);
            (begin, bytes) = (index, 0);
        }
        bytes += size;
    }
    if begin < sizes.len() {
        calls.push(begin..sizes.len());
    }
    calls
}

/// Sends entries in as few calls as they fit in, so many at once; the results are in the order of the entries.
pub(super) async fn run<T, R, F, A>(
    entries: Vec<T>,
    sizes: Vec<usize>,
    parallel: usize,
    call: F,
) -> Vec<Result<R, QueueError>>
where
    F: Fn(Vec<(String, T)>) -> A,
    A: Future<Output = Result<Answer<R>, QueueError>>,
    T: Clone,
{
    let calls = cut(&sizes).into_iter().map(|range| one(&entries[range], &call));
    let results: Vec<_> = stream::iter(calls).buffered(parallel).collect().await;
    results.into_iter().flatten().collect()
}

/// Sends entries that are in order within their group, which is said of each.
///
/// A call may take a later entry and leave an earlier one, so that trying the earlier one again puts it behind. Hence
/// no call has two entries of a group, and a group goes on once its entry is in; groups go side by side. What failed
/// for good is left out, what still failed for the moment after all tries ends its group: its rest is not sent, and
/// can be sent again in order.
pub(super) async fn in_order<T, R, F, A>(
    entries: Vec<(Option<String>, T)>,
    sizes: Vec<usize>,
    parallel: usize,
    call: F,
) -> Vec<Result<R, QueueError>>
where
    F: Fn(Vec<(String, T)>) -> A,
    A: Future<Output = Result<Answer<R>, QueueError>>,
    T: Clone,
{
    let mut results: Vec<Option<Result<R, QueueError>>> = entries.iter().map(|_| None).collect();
    let mut waiting: BTreeMap<Option<&str>, VecDeque<usize>> = BTreeMap::new();
    for (index, (group, _)) in entries.iter().enumerate() {
        waiting.entry(group.as_deref()).or_default().push_back(index);
    }
    while !waiting.is_empty() {
        let mut heads: Vec<usize> = waiting.values_mut().filter_map(VecDeque::pop_front).collect();
        heads.sort_unstable();
        let round = heads.iter().map(|index| entries[*index].1.clone()).collect();
        let sizes = heads.iter().map(|index| sizes[*index]).collect();
        for (index, result) in heads.into_iter().zip(run(round, sizes, parallel, &call).await) {
            if result.as_ref().is_err_and(|error| error.transient)
                && let Some(rest) = waiting.remove(&entries[index].0.as_deref())
            {
                for behind in rest {
                    let unsent = "not sent: an earlier message of its group was not taken";
                    results[behind] = Some(Err(QueueError::transient(unsent)));
                }
            }
            results[index] = Some(result);
        }
        waiting.retain(|_, rest| !rest.is_empty());
    }
    let unsaid = || Err(QueueError::transient("SQS said nothing of this entry"));
    results.into_iter().map(|result| result.unwrap_or_else(unsaid)).collect()
}

/// Makes one call, and again for what failed for the moment.
async fn one<T, R, F, A>(entries: &[T], call: &F) -> Vec<Result<R, QueueError>>
where
    F: Fn(Vec<(String, T)>) -> A,
    A: Future<Output = Result<Answer<R>, QueueError>>,
    T: Clone,
{
    let mut results: Vec<Option<Result<R, QueueError>>> = entries.iter().map(|_| None).collect();
    let mut open: Vec<usize> = (0..entries.len()).collect();
    let mut pause = FIRST_PAUSE;
    for left in (0..TRIES).rev() {
        let named = open.iter().map(|index| (index.to_string(), entries[*index].clone())).collect();
        take(&mut results, &open, call(named).await);
        open.retain(|index| matches!(&results[*index], Some(Err(error)) if error.transient));
        if open.is_empty() || left == 0 {
            break;
        }
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause *= 2;
    }
    let unsaid = || Err(QueueError::transient("SQS said nothing of this entry"));
    results.into_iter().map(|result| result.unwrap_or_else(unsaid)).collect()
}

/// Notes what a call said; what it left out failed for the moment.
fn take<R>(results: &mut [Option<Result<R, QueueError>>], open: &[usize], answer: Result<Answer<R>, QueueError>) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            for index in open {
                results[*index] = Some(Err(error.clone()));
            }
            return;
        }
    };
    for index in open {
        results[*index] = None;
    }
    let done = answer.done.into_iter().map(|(id, result)| (id, Ok(result)));
    let failed = answer.failed.into_iter().map(|one| (one.id, Err(one.error)));
    for (id, result) in done.chain(failed) {
        // Only what was asked for: an answer cannot speak of other entries.
        if let Some(index) = id.parse().ok().filter(|index| open.contains(index)) {
            results[index] = Some(result);
        }
    }
    for index in open {
        results[*index].get_or_insert_with(|| Err(QueueError::transient("SQS said nothing of this entry")));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn calls_hold_ten_entries_and_a_mebibyte_and_lose_nothing(
            sizes in proptest::collection::vec(0..=MOST_BYTES, 0..60)
        ) {
            let calls = cut(&sizes);
            let flat: Vec<usize> = calls.iter().cloned().flatten().collect();
            prop_assert_eq!(flat, (0..sizes.len()).collect::<Vec<_>>());
            for call in &calls {
                prop_assert!((1..=MOST).contains(&call.len()));
                prop_assert!(sizes[call.clone()].iter().sum::<usize>() <= MOST_BYTES);
            }
            // No two neighbours would have fitted into one.
            for pair in calls.windows(2) {
                let next = pair[1].start;
                let full = pair[0].len() == MOST || sizes[pair[0].start..=next].iter().sum::<usize>() > MOST_BYTES;
                prop_assert!(full);
            }
        }
    }

    fn failed(id: &str, transient: bool) -> Failed {
        Failed { id: id.to_owned(), error: QueueError { message: "no".to_owned(), transient } }
    }

    #[tokio::test]
    async fn only_what_failed_for_the_moment_is_tried_again() {
        let calls = RefCell::new(Vec::new());
        let results = run(vec!["a", "b", "c"], vec![0; 3], 1, |entries| {
            let ids: Vec<_> = entries.iter().map(|(id, _)| id.clone()).collect();
            let first = calls.borrow().is_empty();
            calls.borrow_mut().push(ids.clone());
            let answer = if first {
                Answer { done: vec![("0".to_owned(), 7)], failed: vec![failed("1", true), failed("2", false)] }
            } else {
                Answer { done: ids.into_iter().map(|id| (id, 8)).collect(), failed: Vec::new() }
            };
            async move { Ok(answer) }
        })
        .await;
        assert_eq!(*calls.borrow(), [vec!["0", "1", "2"], vec!["1"]]);
        let said: Vec<_> = results.into_iter().map(|result| result.map_err(|error| error.transient)).collect();
        assert_eq!(said, [Ok(7), Ok(8), Err(false)]);
    }

    /// Sends these groups of entries, named `a1`, to a queue that refuses as told: what it took, and what was said.
    async fn ordered(entries: &[&'static str], refuse: &dyn Fn(&str, usize) -> Option<bool>) -> (Vec<String>, String) {
        let (taken, calls) = (RefCell::new(Vec::new()), RefCell::new(0));
        let grouped = entries.iter().map(|entry| (Some(entry[..1].to_owned()), *entry)).collect();
        let results = in_order(grouped, vec![0; entries.len()], 1, |call| {
            let mut answer = Answer { done: Vec::new(), failed: Vec::new() };
            for (id, entry) in call {
                match refuse(entry, *calls.borrow()) {
                    Some(transient) => answer.failed.push(failed(&id, transient)),
                    None => {
                        taken.borrow_mut().push(entry.to_owned());
                        answer.done.push((id, ()));
                    }
                }
            }
            *calls.borrow_mut() += 1;
            async move { Ok(answer) }
        })
        .await;
        let said = results.iter().map(|result| match result {
            Ok(()) => '+',
            Err(error) if error.transient => '?',
            Err(_) => '-',
        });
        (taken.into_inner(), said.collect())
    }

    #[tokio::test]
    async fn what_fails_for_the_moment_keeps_its_place_in_its_group() {
        let entries = ["a1", "a2", "b1", "a3", "b2", "a4"];
        let (taken, said) = ordered(&entries, &|entry, call| (entry == "a2" && call < 3).then_some(true)).await;
        assert_eq!(taken, ["a1", "b1", "b2", "a2", "a3", "a4"]);
        assert_eq!(said, "++++++");
    }

    #[tokio::test]
    async fn what_is_never_taken_ends_its_group_and_what_is_wrong_is_left_out() {
        let entries = ["a1", "a2", "b1", "a3", "b2", "a4"];
        let (taken, said) = ordered(&entries, &|entry, _| match entry {
            "a2" => Some(true),
            "b1" => Some(false),
            _ => None,
        })
        .await;
        assert_eq!((taken.as_slice(), said.as_str()), (["a1", "b2"].map(str::to_owned).as_slice(), "+?-?+?"));
    }

    #[tokio::test]
    async fn groups_share_calls() {
        let entries = ["a1", "b1", "c1", "a2", "b2", "c2"];
        let calls = RefCell::new(0);
        let (taken, _) = ordered(&entries, &|entry, call| {
            *calls.borrow_mut() = call;
            entry.is_empty().then_some(true)
        })
        .await;
        assert_eq!((taken, calls.into_inner()), (entries.map(str::to_owned).to_vec(), 1));
    }

    #[tokio::test]
    async fn what_an_answer_leaves_out_is_not_taken_for_done() {
        let answer = || async { Ok(Answer { done: vec![("9".to_owned(), ())], failed: Vec::new() }) };
        let results = run(vec!["a"], vec![0], 1, |_| answer()).await;
        assert!(results[0].as_ref().is_err_and(|error| error.transient));
    }
}
