//! One suite for every idempotency store: memory, SQLite, PostgreSQL, MariaDB, DynamoDB. The servers are real.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use queuestack_worker::Envelope;
use queuestack_worker::aws::Table;
use queuestack_worker::idempotency::dynamodb::DynamoDb;
use queuestack_worker::idempotency::memory::Memory;
use queuestack_worker::idempotency::sql::Sql;
use queuestack_worker::idempotency::{Claim, Key, Owner, Store, StoreError, open};
use serde_json::{Value, json};

/// Long enough for a slow machine not to lose it in the middle of a test.
const LONG: Duration = Duration::from_mins(10);
/// Short enough to wait for its end.
const SHORT: Duration = Duration::from_millis(300);

type Shared = Arc<dyn Store>;

/// A key that no other test has.
fn key(name: &str) -> Key {
    let key = format!("{name} {}", Owner::new().0);
    Key::of("test", &envelope(&key))
}

fn envelope(key: &str) -> Envelope {
    job(json!({"type": "test", "idempotencyKey": key}))
}

/// A job with these fields.
fn job(mut fields: Value) -> Envelope {
    fields["createdAt"] = json!("2026-11-21T00:00:00Z");
    Envelope::decode(&fields.to_string()).unwrap()
}

#[track_caller]
fn lost(result: Result<(), StoreError>) {
    assert!(matches!(result, Err(StoreError::Lost { .. })), "{result:?}");
}

async fn granted(store: &Shared, key: &Key, lease: Duration) -> Owner {
    let owner = Owner::new();
    assert_eq!(store.claim(key, owner, lease).await.unwrap(), Claim::Granted);
    owner
}

async fn one_owner_at_a_time(store: Shared) {
    let key = key("one at a time");
    let owner = granted(&store, &key, LONG).await;
    let Claim::Busy { remaining } = store.claim(&key, Owner::new(), LONG).await.unwrap() else { panic!("not busy") };
    assert!(remaining > LONG / 2 && remaining <= LONG + Duration::from_secs(1), "{remaining:?}");
    // The answer to a claim may get lost, and the claim be sent once more.
    assert_eq!(store.claim(&key, owner, LONG).await.unwrap(), Claim::Granted);
    store.release(&key, owner).await.unwrap();
    granted(&store, &key, LONG).await;
}

async fn what_was_done_is_replayed(store: Shared) {
    for result in [None, Some(json!(null)), Some(json!({"sent": ["ä\u{0}\"'", 1.5, true]}))] {
        let key = key("replay");
        let owner = granted(&store, &key, SHORT).await;
        store.complete(&key, owner, result.as_ref(), LONG).await.unwrap();
        tokio::time::sleep(SHORT).await;
        for _ in 0..2 {
            let claim = store.claim(&key, Owner::new(), LONG).await.unwrap();
            assert_eq!(claim, Claim::Completed { result: result.clone() });
        }
        // Whoever did it may say so twice, but has it no longer.
        store.complete(&key, owner, result.as_ref(), LONG).await.unwrap();
        lost(store.renew(&key, owner, LONG).await);
        lost(store.release(&key, owner).await);
        assert_eq!(store.claim(&key, owner, LONG).await.unwrap(), Claim::Completed { result });
    }
}

async fn a_zombie_changes_nothing(store: Shared) {
    let key = key("zombies");
    let first = granted(&store, &key, SHORT).await;
    tokio::time::sleep(SHORT * 2).await;
    let second = granted(&store, &key, SHORT).await;
    tokio::time::sleep(SHORT * 2).await;
    let third = granted(&store, &key, LONG).await;
    for zombie in [first, second] {
        lost(store.renew(&key, zombie, LONG).await);
        lost(store.complete(&key, zombie, Some(&json!("zombie")), LONG).await);
        lost(store.release(&key, zombie).await);
    }
    assert!(matches!(store.claim(&key, Owner::new(), LONG).await.unwrap(), Claim::Busy { .. }));
    store.complete(&key, third, Some(&json!("third")), LONG).await.unwrap();
    for zombie in [first, second] {
        lost(store.complete(&key, zombie, Some(&json!("zombie")), LONG).await);
        lost(store.release(&key, zombie).await);
    }
    let claim = store.claim(&key, Owner::new(), LONG).await.unwrap();
    assert_eq!(claim, Claim::Completed { result: Some(json!("third")) });
}

async fn a_renewed_lease_lives_on(store: Shared) {
    let key = key("renewed");
    let owner = granted(&store, &key, SHORT).await;
    store.renew(&key, owner, LONG).await.unwrap();
    tokio::time::sleep(SHORT * 2).await;
    assert!(matches!(store.claim(&key, Owner::new(), LONG).await.unwrap(), Claim::Busy { .. }));
    // A lease that ended without anybody taking it is still its owner's.
    store.renew(&key, owner, Duration::from_millis(1)).await.unwrap();
    tokio::time::sleep(SHORT).await;
    store.renew(&key, owner, LONG).await.unwrap();
    store.complete(&key, owner, None, LONG).await.unwrap();
}

async fn what_was_never_claimed_is_nobodys(store: Shared) {
    let (key, owner) = (key("never"), Owner::new());
    lost(store.renew(&key, owner, LONG).await);
    lost(store.complete(&key, owner, None, LONG).await);
    lost(store.release(&key, owner).await);
    let owner = granted(&store, &key, LONG).await;
    store.release(&key, owner).await.unwrap();
    lost(store.release(&key, owner).await);
}

async fn what_is_over_is_forgotten(store: Shared) {
    let key = key("over");
    let owner = granted(&store, &key, LONG).await;
    store.complete(&key, owner, Some(&json!("old")), SHORT).await.unwrap();
    assert!(matches!(store.claim(&key, Owner::new(), LONG).await.unwrap(), Claim::Completed { .. }));
    tokio::time::sleep(SHORT * 2).await;
    let owner = granted(&store, &key, LONG).await;
    store.complete(&key, owner, None, LONG).await.unwrap();
    // Nothing of the old result is left.
    assert_eq!(store.claim(&key, Owner::new(), LONG).await.unwrap(), Claim::Completed { result: None });
}

async fn fifty_at_once_and_one_gets_it(store: Shared) {
    for _ in 0..3 {
        let key = key("fifty");
        let claims = (0..50).map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.claim(&key, Owner::new(), LONG).await.unwrap() })
        });
        let mut counts = (0, 0);
        for claim in claims.collect::<Vec<_>>() {
            match claim.await.unwrap() {
                Claim::Granted => counts.0 += 1,
                Claim::Busy { .. } => counts.1 += 1,
                claim => panic!("{claim:?}"),
            }
        }
        assert_eq!(counts, (1, 49));
    }
}

async fn fifty_take_over_and_one_gets_it(store: Shared) {
    let key = key("take over");
    let zombie = granted(&store, &key, Duration::from_millis(1)).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let claims = (0..50).map(|_| {
        let (store, key, owner) = (store.clone(), key.clone(), Owner::new());
        tokio::spawn(async move { (store.claim(&key, owner, LONG).await.unwrap(), owner) })
    });
    let mut winner = None;
    for claim in claims.collect::<Vec<_>>() {
        let (claim, owner) = claim.await.unwrap();
        if claim == Claim::Granted {
            assert!(winner.replace(owner).is_none(), "two owners");
        }
    }
    lost(store.complete(&key, zombie, None, LONG).await);
    store.complete(&key, winner.unwrap(), None, LONG).await.unwrap();
}

async fn keys_differ_in_every_character(store: Shared) {
    let unique = Owner::new().0;
    // A text of MariaDB has 64 KiB, a partition key of DynamoDB 2 KiB.
    let long = "x".repeat(100_000);
    let pairs = [("a", "A"), ("a", "a "), ("é", "e"), ("ß", "ss"), ("n\0", "n"), (&long, &long[1..])];
    for (one, other) in pairs {
        let [one, other] = [one, other].map(|end| Key::of("test", &envelope(&format!("{unique} {end}"))));
        let owner = granted(&store, &one, LONG).await;
        let different = granted(&store, &other, LONG).await;
        store.release(&one, owner).await.unwrap();
        store.release(&other, different).await.unwrap();
    }
}

async fn a_key_is_of_one_payload_while_it_is_remembered(store: Shared) {
    let unique = Owner::new().0.to_string();
    let [one, other] = [1, 2]
        .map(|payload| Key::of("test", &job(json!({"type": "test", "idempotencyKey": unique, "payload": payload}))));
    assert_eq!(one.id(), other.id());
    let owner = granted(&store, &one, LONG).await;
    assert_eq!(store.claim(&other, Owner::new(), LONG).await.unwrap(), Claim::Reused);
    // What was given back undone holds nobody up.
    store.release(&one, owner).await.unwrap();
    let owner = granted(&store, &other, SHORT).await;
    assert_eq!(store.claim(&one, Owner::new(), LONG).await.unwrap(), Claim::Reused);
    // Nor does what is over, and it leaves nothing of its payload behind.
    tokio::time::sleep(SHORT * 2).await;
    let second = granted(&store, &one, LONG).await;
    lost(store.complete(&other, owner, None, LONG).await);
    store.complete(&one, second, None, LONG).await.unwrap();
    assert_eq!(store.claim(&one, Owner::new(), LONG).await.unwrap(), Claim::Completed { result: None });
    assert_eq!(store.claim(&other, Owner::new(), LONG).await.unwrap(), Claim::Reused);
}

/// The suite on each store.
macro_rules! conforms {
    ($($store:ident),*) => { $(
        mod $store {
            conforms!(@cases $store: one_owner_at_a_time, what_was_done_is_replayed, a_zombie_changes_nothing,
                a_renewed_lease_lives_on, what_was_never_claimed_is_nobodys, what_is_over_is_forgotten,
                fifty_at_once_and_one_gets_it, fifty_take_over_and_one_gets_it, keys_differ_in_every_character,
                a_key_is_of_one_payload_while_it_is_remembered);
        }
    )* };
    (@cases $store:ident: $($case:ident),*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            super::$case(super::stores::$store().await).await;
        }
    )* };
}
conforms!(memory, sqlite_in_memory, sqlite, postgres, mariadb, dynamodb);

mod stores {
    use super::*;

    pub async fn memory() -> Shared {
        Arc::new(Memory::new())
    }

    pub async fn sqlite_in_memory() -> Shared {
        open("sqlite::memory:").unwrap()
    }

    pub async fn sqlite() -> Shared {
        let file =
            tempfile::Builder::new().prefix("idempotency").suffix(".db").tempfile_in(env!("CARGO_TARGET_TMPDIR"));
        // An empty file is an empty database; the path is unlinked when the system cleans up.
        let (_, path) = file.unwrap().keep().unwrap();
        open(&format!("sqlite:{}", path.display())).unwrap()
    }

    pub async fn postgres() -> Shared {
        open(server(support::postgres::url).await).unwrap()
    }

    pub async fn mariadb() -> Shared {
        open(server(support::mariadb::url).await).unwrap()
    }

    pub async fn dynamodb() -> Shared {
        let client = client().await;
        Arc::new(DynamoDb::new(Table::new(client.clone(), support::dynamodb::table(client).await)))
    }
}

/// Starting a server blocks.
async fn server(url: fn() -> &'static str) -> &'static str {
    tokio::task::spawn_blocking(url).await.unwrap()
}

async fn client() -> aws_sdk_dynamodb::Client {
    support::dynamodb::client(server(support::aws::endpoint).await)
}

#[tokio::test]
async fn items_of_dynamodb_say_when_they_may_go() {
    let client = client().await;
    let table = support::dynamodb::table(client.clone()).await;
    let store: Shared = Arc::new(DynamoDb::new(Table::new(client.clone(), &table)));
    let key = key("ttl");
    let owner = granted(&store, &key, LONG).await;
    let number = |item: &std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>, name: &str| {
        item[name].as_n().unwrap().parse::<u64>().unwrap()
    };
    let item = async || client.scan().table_name(&table).send().await.unwrap().items.unwrap().remove(0);
    let claimed = item().await;
    assert_eq!(claimed["job"].as_s().unwrap(), &key.record());
    assert!(number(&claimed, "ttl") > number(&claimed, "expires") / 1000 + 24 * 3600);
    store.complete(&key, owner, None, LONG * 6).await.unwrap();
    let completed = item().await;
    assert!(number(&completed, "ttl") >= number(&claimed, "ttl") + 5 * LONG.as_secs() - 1);
    // What is too large for an item is not kept, but the job is done.
    let large = self::key("large");
    let owner = granted(&store, &large, LONG).await;
    store.complete(&large, owner, Some(&json!("x".repeat(500 << 10))), LONG).await.unwrap();
    assert_eq!(store.claim(&large, Owner::new(), LONG).await.unwrap(), Claim::Completed { result: None });
}

/// Worker, type, tenant and key count each for itself, however they are written.
#[test]
fn jobs_that_differ_have_keys_that_differ() {
    let id = |worker: &str, fields: Value| Key::of(worker, &job(fields)).id();
    let payload = json!({"b": 1, "a": [2]});
    let key = Key::of("w", &job(json!({"type": "t", "payload": payload})));
    let digest = key.record();
    // A record that says nothing of its payload is no other's.
    assert!(key.agrees_with(&digest) && key.agrees_with("w#t") && !key.agrees_with("w#t sha256:0"));
    let digest = digest.rsplit(':').next().unwrap();
    let all = [
        id("w", json!({"type": "t", "payload": payload})),
        id("w", json!({"type": "t", "payload": payload, "tenantId": "acme"})),
        id("w", json!({"type": "t", "payload": payload, "tenantId": "umbrella"})),
        id("w", json!({"type": "t", "payload": 1})),
        id("w", json!({"type": "t", "payload": payload, "idempotencyKey": digest})),
        id("w", json!({"type": "t", "idempotencyKey": "k"})),
        id("w", json!({"type": "t", "idempotencyKey": "k", "tenantId": "acme"})),
        id("w", json!({"type": "t", "idempotencyKey": "acme#k"})),
        id("w", json!({"type": "t#acme", "idempotencyKey": "k"})),
        id("w#t", json!({"type": "acme", "idempotencyKey": "k"})),
        id("w", json!({"type": "t", "idempotencyKey": "1:k"})),
    ];
    let mut different = all.to_vec();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), all.len(), "{all:#?}");
    // An empty key is none, and equal payloads are equal however they are written.
    let same = json!({"type": "t", "payload": {"a": [2], "b": 1}, "idempotencyKey": ""});
    assert_eq!(id("w", same), all[0]);
}

/// Cleaning up in each database: what is over goes, 500 at a time, what is live stays, what was never completed stays
/// for a day.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_deleted_in_bounded_batches() {
    for url in ["sqlite::memory:", server(support::postgres::url).await, server(support::mariadb::url).await] {
        let sql = Arc::new(Sql::open(&own_database(url).await).unwrap());
        let store: Shared = sql.clone();
        let (live, abandoned) = (key("live"), key("abandoned"));
        let (owner, lost) = (granted(&store, &live, LONG).await, granted(&store, &abandoned, SHORT).await);
        store.complete(&live, owner, None, LONG).await.unwrap();
        for number in 0..520 {
            let key = key(&format!("over {number}"));
            let owner = granted(&store, &key, LONG).await;
            store.complete(&key, owner, None, Duration::ZERO).await.unwrap();
        }
        tokio::time::sleep(SHORT * 2).await;
        assert_eq!(sql.clean().await.unwrap(), 500, "{url}");
        assert_eq!(sql.clean().await.unwrap(), 20, "{url}");
        assert_eq!(sql.clean().await.unwrap(), 0, "{url}");
        assert!(matches!(store.claim(&live, Owner::new(), LONG).await.unwrap(), Claim::Completed { .. }));
        store.complete(&abandoned, lost, None, LONG).await.unwrap();
    }
}

/// A database of its own on this server: cleaning counts everything in the table.
async fn own_database(url: &str) -> String {
    let Some((server, _)) = url.rsplit_once('/') else { return url.to_owned() };
    sqlx::any::install_default_drivers();
    let name = format!("t{}", Owner::new().0.simple());
    let pool = sqlx::AnyPool::connect(url).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&pool).await.unwrap();
    format!("{server}/{name}")
}

/// Many processes that start at once make the table together.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_table_is_made_once() {
    for url in [server(support::postgres::url).await, server(support::mariadb::url).await] {
        let url = own_database(url).await;
        let claims = (0..10).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { granted(&open(&url).unwrap(), &key("first"), LONG).await })
        });
        for claim in claims.collect::<Vec<_>>() {
            claim.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_url_that_names_no_store_is_told_what_to_write() {
    let cases = [
        ("redis://secret@host", "no store is called like this; write `memory:`, "),
        ("", "no store is called like this"),
        ("dynamodb:", "followed by the name of a table"),
        ("postgres:secret", "the URL of the postgres store is wrong: it names no host; write `postgres://"),
        ("sqlite:", "it names no file"),
        ("mysql://user:secret@[", "the URL of the mysql store is wrong: it is not a URL"),
    ];
    for (url, expected) in cases {
        let Err(error) = open(url) else { panic!("{url}") };
        let told = error.to_string();
        assert!(told.contains(expected) && !told.contains("secret"), "{url}: {told}");
    }
}

/// Nothing is known, so that nothing may be done: neither granted nor lost.
#[tokio::test]
async fn a_store_that_is_down_is_unavailable() {
    let port = support::free_port();
    for url in [format!("postgres://u:secret@127.0.0.1:{port}/d"), format!("mysql://u:secret@127.0.0.1:{port}/d")] {
        let store = open(&url).unwrap();
        let error = store.claim(&key("down"), Owner::new(), LONG).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
