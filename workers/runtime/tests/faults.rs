//! Faults, for real: workers that are killed or hang, a store that is away, bodies as large as they may be, wrong clocks.
//!
//! What is asserted is what `workers/README.md` promises. A job is lost never. It is handled twice only when the process
//! that had handled it was killed before the store knew; an effect that is guarded by its own transaction, keyed by the
//! job, happens once even then.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use queuestack_worker::aws::Table;
use queuestack_worker::backend::{Depth, Outgoing};
use queuestack_worker::database::{Bind, Database, query};
use queuestack_worker::idempotency::{Claim, Key, Owner, Store, dynamodb::DynamoDb, open};
use queuestack_worker::{Context, Envelope, Job, JobQueue, NewJob, Outcome, Stop, Worker};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Row as _;
use support::fleet::{Fleet, end_with_the_test};
use support::proxy::Proxy;
use support::queues::{Kind, Queue, queue};

/// Jobs that are worked off while workers are killed, and how many are killed.
const JOBS: usize = 5_000;
const KILLS: usize = 30;
/// Long against a slow machine, short to wait for.
const LEASE: Duration = Duration::from_secs(4);

#[derive(Deserialize)]
struct Order {
    number: i64,
    #[serde(default)]
    slow: bool,
}

/// The effects of handlers, in the database of the store.
struct Ledger {
    database: Database,
    /// Which process this is.
    worker: i64,
}

impl Ledger {
    const TABLES: &[&str] = &[
        "CREATE TABLE begun (id BIGSERIAL PRIMARY KEY, job BIGINT NOT NULL, worker BIGINT NOT NULL)",
        "CREATE TABLE mails (id BIGSERIAL PRIMARY KEY, job BIGINT NOT NULL, worker BIGINT NOT NULL)",
        "CREATE TABLE booked (job BIGINT PRIMARY KEY)",
        "CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)",
        "INSERT INTO accounts SELECT id, 0 FROM generate_series(0, 9) AS id",
    ];

    /// A database of its own, with its URL.
    async fn make() -> (Self, String) {
        let server = tokio::task::spawn_blocking(support::postgres::url).await.unwrap();
        let name = format!("t{}", Owner::new().0.simple());
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(Database::open(server).unwrap().pool()).await.unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let ledger = Self::open(&url, 0);
        for table in Self::TABLES {
            sqlx::query(*table).execute(ledger.database.pool()).await.unwrap();
        }
        (ledger, url)
    }

    fn open(url: &str, worker: i64) -> Self {
        Self { database: Database::open(url).unwrap(), worker }
    }

    async fn note(&self, statement: &'static str, job: i64) -> Result<(), sqlx::Error> {
        self.database.execute(statement, &[Bind::Int(job), Bind::Int(self.worker)]).await.map(drop)
    }

    /// Moves money, once a job: the guard and the effect are one transaction.
    async fn book(&self, job: i64) -> Result<(), sqlx::Error> {
        let mut transaction = self.database.pool().begin().await?;
        let guard = query("INSERT INTO booked (job) VALUES ($1) ON CONFLICT DO NOTHING", &[Bind::Int(job)]);
        if guard.execute(&mut *transaction).await?.rows_affected() == 1 {
            let effect = "UPDATE accounts SET balance = balance + 1 WHERE id = $1";
            query(effect, &[Bind::Int(job % 10)]).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn count(&self, statement: &'static str) -> i64 {
        self.database.row(statement, &[]).await.unwrap().unwrap().try_get(0).unwrap()
    }

    /// Waits until a count is reached.
    async fn until(&self, statement: &'static str, count: i64) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.count(statement).await < count {
            assert!(Instant::now() < deadline, "{statement}: {}, not {count}", self.count(statement).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

const BEGUN: &str = "SELECT COUNT(*) FROM begun";
const BOOKED: &str = "SELECT COUNT(*) FROM booked";
const BALANCE: &str = "SELECT CAST(SUM(balance) AS BIGINT) FROM accounts";
const MAILED: &str = "SELECT COUNT(DISTINCT job) FROM mails";
const COMPLETED: &str = "SELECT COUNT(*) FROM queuestack_jobs WHERE done = 1";

/// Two effects: a booking that its transaction guards, and then a mail that nothing guards.
async fn work(job: Job<Order>, context: Context) -> Outcome {
    let ledger = context.state::<Ledger>().unwrap();
    let Order { number, slow } = job.payload;
    let wait = Duration::from_millis(if slow { 1_000 } else { fastrand::u64(0..10) });
    let done = async {
        ledger.note("INSERT INTO begun (job, worker) VALUES ($1, $2)", number).await?;
        tokio::time::sleep(wait).await;
        ledger.book(number).await?;
        ledger.note("INSERT INTO mails (job, worker) VALUES ($1, $2)", number).await
    };
    match done.await {
        Ok(()) => Outcome::Done(Some(json!(ledger.worker))),
        Err(error) => Outcome::retry(error),
    }
}

/// A worker as a process.
#[test]
#[ignore = "the other tests run it in processes of its own"]
fn worker() {
    end_with_the_test();
    let of = |name: &str| std::env::var(name).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let code = runtime.block_on(async {
        let ledger = Ledger::open(&of("STORE"), of("NUMBER").parse().unwrap());
        let worker = Worker::new("faults").job::<Order, _>("order", work).state(ledger);
        worker.idempotency(open(&of("STORE")).unwrap()).run().await
    });
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

async fn fleet(queue: &Queue, store: &str) -> Fleet {
    let endpoint = tokio::task::spawn_blocking(support::aws::endpoint).await.unwrap();
    let lease = format!("{}s", LEASE.as_secs());
    let environment = [
        ("QUEUE_URL", queue.url.as_str()),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("LOG_LEVEL", "off"),
        ("STORE", store),
        ("WORKER_LEASE", &lease),
        ("WORKER_POLL_WAIT", "1s"),
        ("WORKER_CONCURRENCY", "20"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Fleet::new("worker", environment.to_vec())
}

fn order(number: usize) -> NewJob {
    NewJob::new("order", &json!({"number": number})).idempotency_key(format!("{number}"))
}

async fn enqueue(queue: &Queue, jobs: Vec<NewJob>) {
    for result in JobQueue::on(queue.open.clone()).enqueue_all(jobs).await {
        result.unwrap();
    }
}

/// Waits until nothing is in a queue, and sees that nothing is in its dead-letter queue.
async fn nothing_left(queue: &Queue) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while queue.open.depth().await.unwrap() != Depth::default() {
        assert!(Instant::now() < deadline, "{:?}", queue.open.depth().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(queue.dead_letters(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_killed_workers_lose_nothing_and_repeat_only_what_they_had_in_hand() {
    let queue = queue::sqs("kills", Kind::Tireless).await;
    let (ledger, store) = Ledger::make().await;
    enqueue(&queue, (0..JOBS).map(order).collect()).await;
    let mut moments: Vec<usize> = (0..KILLS).map(|_| fastrand::usize(10..JOBS - 200)).collect();
    moments.sort_unstable();
    let mut fleet = fleet(&queue, &store).await;
    let began = Instant::now();
    for _ in 0..3 {
        fleet.start();
    }
    for moment in moments {
        ledger.until(BOOKED, i64::try_from(moment).unwrap()).await;
        fleet.kill_one();
    }
    assert!(ledger.count(BOOKED).await < 5_000, "killed while there was work");
    ledger.until(MAILED, 5_000).await;
    nothing_left(&queue).await;
    let took = began.elapsed();

    assert_eq!(fleet.killed.len(), KILLS);
    assert_eq!(ledger.count(COMPLETED).await, 5_000, "the store knows of each job that it is done");
    assert_eq!((ledger.count(BOOKED).await, ledger.count(BALANCE).await), (5_000, 5_000));
    let mails =
        sqlx::query("SELECT job, worker FROM mails ORDER BY id").fetch_all(ledger.database.pool()).await.unwrap();
    let mut by_job: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for mail in &mails {
        by_job.entry(mail.get(0)).or_default().push(mail.get(1));
    }
    for (job, workers) in by_job {
        let (_, earlier) = workers.split_last().unwrap();
        let unexplained = earlier.iter().find(|worker| !fleet.killed.contains(worker));
        assert_eq!(unexplained, None, "job {job} was handled by {workers:?}, killed: {:?}", fleet.killed);
    }
    let (begun, repeated) = (ledger.count(BEGUN).await, mails.len() - JOBS);
    println!("{JOBS} jobs, {KILLS} workers killed, in {took:.1?}: {begun} handlers begun, {repeated} mails repeated");
}

/// How long the store is away; all other times follow from it as they do in real life from 30 seconds.
fn outage() -> Duration {
    let seconds = std::env::var("QUEUESTACK_TEST_OUTAGE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// Who never answers again holds no connection of the pool for ever: it is not asked whether it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_given_up_leaves_room_for_the_next() {
    let (_, url) = Ledger::make().await;
    let (server, name) = url.rsplit_once('/').unwrap();
    let proxy = Proxy::to(server.rsplit_once(':').unwrap().1.parse().unwrap()).await;
    let database = Database::open(&format!("postgres://test@127.0.0.1:{}/{name}", proxy.port)).unwrap();
    // As many as the pool has, each on a connection of its own, and all of them on their way when nothing more comes.
    let sleeps = futures::future::join_all((0..8).map(|_| database.execute("SELECT pg_sleep(3)", &[])));
    let mute = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        proxy.mute();
        std::future::pending::<()>().await;
    };
    let answers = async {
        tokio::select! { answers = sleeps => answers, () = mute => unreachable!() }
    };
    assert!(tokio::time::timeout(Duration::from_secs(4), answers).await.is_err(), "nobody answers");
    let next = tokio::time::timeout(Duration::from_secs(9), database.execute("SELECT 1", &[])).await;
    assert!(matches!(next, Ok(Ok(_))), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_messages_wait_and_none_ends_as_a_dead_letter() {
    const MOST: usize = 50;
    // Three receives, as in stacks/calendar.yaml.
    let queue = queue::sqs("outage", Kind::Standard).await;
    let (_, url) = Ledger::make().await;
    let (server, name) = url.rsplit_once('/').unwrap();
    let port: u16 = server.rsplit_once(':').unwrap().1.parse().unwrap();
    let proxy = Proxy::to(port).await;
    let store = open(&format!("postgres://test@127.0.0.1:{}/{name}", proxy.port)).unwrap();
    let done: Arc<Mutex<Vec<i64>>> = Arc::default();
    let (stop, noted) = (Stop::new(), Arc::clone(&done));
    let worker = Worker::new("outage")
        .job::<Order, _>("order", move |job: Job<Order>, _: Context| {
            let noted = Arc::clone(&noted);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                noted.lock().unwrap().push(job.payload.number);
                Outcome::done()
            }
        })
        .idempotency(store)
        .concurrency(MOST)
        .settings(|settings| {
            // A minute where the outage is half of one.
            settings.lease = outage() * 2;
            settings.poll_wait = Duration::from_secs(1);
        });
    let running = tokio::spawn(worker.serve(queue.open.clone(), stop.clone()));
    enqueue(&queue, (0..1_000).map(order).collect()).await;
    let count = || done.lock().unwrap().len();
    while count() < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    proxy.cut();
    let at_the_cut = count();
    tokio::time::sleep(outage()).await;
    let meanwhile = count() - at_the_cut;
    assert!(meanwhile <= MOST, "{meanwhile} were handled without a store");
    assert!(count() < 1_000, "nothing was left to wait");
    proxy.mend();
    let mended = Instant::now();
    nothing_left(&queue).await;
    println!("after {:?} without a store: all done {:.1?} later", outage(), mended.elapsed());
    stop.drain();
    running.await.unwrap().unwrap();
    let mut done = done.lock().unwrap().clone();
    done.sort_unstable();
    assert_eq!(done, (0..1_000).collect::<Vec<_>>(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_zombies_change_nothing_when_they_wake() {
    let queue = queue::sqs("zombies", Kind::Tireless).await;
    let (ledger, store) = Ledger::make().await;
    enqueue(&queue, vec![NewJob::new("order", &json!({"number": 1, "slow": true})).idempotency_key("1")]).await;
    let mut fleet = fleet(&queue, &store).await;
    let mut zombies = Vec::new();
    for begun in 1..=2 {
        let zombie = fleet.start();
        ledger.until(BEGUN, begun).await;
        fleet.signal(zombie, "-STOP");
        zombies.push(zombie);
    }
    let last = fleet.start();
    ledger.until(COMPLETED, 1).await;
    nothing_left(&queue).await;
    assert_eq!(ledger.count(MAILED).await, 1);
    for zombie in &zombies {
        fleet.signal(*zombie, "-CONT");
    }
    // The work they slept in goes on, and all of them take new work.
    enqueue(&queue, (2..200).map(order).collect()).await;
    ledger.until(MAILED, 199).await;
    nothing_left(&queue).await;
    let result = "SELECT result FROM queuestack_jobs WHERE job LIKE '%#1 sha256:%'";
    let result: String = ledger.database.row(result, &[]).await.unwrap().unwrap().get(0);
    assert_eq!(result, last.to_string(), "what the zombies said does not count");
    assert_eq!((ledger.count(BOOKED).await, ledger.count(BALANCE).await), (199, 199));
    assert_eq!(ledger.count(COMPLETED).await, 199);
}

/// A job whose body has exactly this many bytes.
fn body_of(bytes: usize) -> String {
    let job =
        |pad: &str| json!({"type": "pad", "payload": {"pad": pad}, "createdAt": "2026-01-01T00:00:00Z"}).to_string();
    job(&"x".repeat(bytes - job("").len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_256_kib_and_1_mib_are_handled_and_buried_whole() {
    const SIZES: [usize; 2] = [262_144, 1_048_576];
    for queue in [queue::sqlite("large", Kind::Patient).await, queue::sqs("large", Kind::Patient).await] {
        let seen: Arc<Mutex<Vec<usize>>> = Arc::default();
        let (stop, noted) = (Stop::new(), Arc::clone(&seen));
        let worker = Worker::new("large")
            .job::<Value, _>("pad", move |job: Job<Value>, _: Context| {
                noted.lock().unwrap().push(job.payload["pad"].as_str().unwrap().len());
                async { Outcome::done() }
            })
            .idempotency(open("memory:").unwrap())
            .settings(|settings| settings.poll_wait = Duration::from_secs(1));
        let poison = SIZES.map(|bytes| "x".repeat(bytes));
        let bodies = SIZES.map(body_of).into_iter().chain(poison.clone());
        let messages = bodies.map(|body| Outgoing { body, ..Outgoing::default() }).collect();
        assert!(queue.open.send(messages).await.iter().all(Result::is_ok));
        let running = tokio::spawn(worker.serve(queue.open.clone(), stop.clone()));
        let mut dead = queue.dead_letters(2).await;
        while seen.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.drain();
        running.await.unwrap().unwrap();
        dead.sort_by_key(|(body, _)| body.len());
        assert!(dead.iter().map(|(body, _)| body).eq(&poison), "the copies are whole");
        assert_eq!(dead[0].1["reason"], "malformed");
        let overhead = body_of(1_000).len() - body_of(1_000).matches('x').count();
        let mut seen = seen.lock().unwrap().clone();
        seen.sort_unstable();
        assert_eq!(seen, SIZES.map(|bytes| bytes - overhead));
        assert_eq!(queue.open.depth().await.unwrap(), Depth::default());
    }
}

/// SQL stores have a clock of their own. With DynamoDB a worker's clock counts: one that is off by `skew` claims and
/// renews as one that is right does with a lease that is longer or shorter by it.
#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_by_less_than_a_lease_let_nobody_in() {
    const SKEW: Duration = Duration::from_secs(2);
    let endpoint = tokio::task::spawn_blocking(support::aws::endpoint).await.unwrap();
    let client = support::dynamodb::client(endpoint);
    let store = DynamoDb::new(Table::new(client.clone(), support::dynamodb::table(client).await));
    let envelope = |key: &str| {
        let text = json!({"type": "order", "createdAt": "2199-12-31T00:00:00Z", "idempotencyKey": key}).to_string();
        Key::of("skew", &Envelope::decode(&text).unwrap())
    };
    for (name, skewed) in [("behind", LEASE.checked_sub(SKEW).unwrap()), ("ahead", LEASE + SKEW)] {
        let (key, owner) = (envelope(name), Owner::new());
        assert_eq!(store.claim(&key, owner, skewed).await.unwrap(), Claim::Granted);
        let began = Instant::now();
        // A third of the lease, as the runtime renews: nobody gets in between.
        while began.elapsed() < LEASE * 2 {
            tokio::time::sleep(LEASE / 3).await;
            let other = store.claim(&key, Owner::new(), LEASE).await.unwrap();
            assert!(matches!(other, Claim::Busy { .. }), "{name}: {other:?}");
            store.renew(&key, owner, skewed).await.unwrap();
        }
        store.complete(&key, owner, None, Duration::from_secs(60)).await.unwrap();
    }
}
