//! What HTTP APIs can do beyond their rows: routes one by one, and a queue with a door of its own.

use super::{Arn, Construct, Fact, Function, HttpApi, HttpApiBuilder, Queue, QueueAlarms, Ref, Route, Scope, Worker};
use crate::kind::http_api::ROUTES;
use crate::model;

/// How often a message is tried before it is a dead letter, under Lambda.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const TRIES: u32 = 5;

/// What answers a route: a `&Worker`, a `&Function` or an [`Arn`].
#[derive(Clone, Debug)]
pub struct Answers(Ref<Function>);

impl From<&Worker> for Answers {
    fn from(worker: &Worker) -> Answers {
        Answers((&worker.function()).into())
    }
}

impl From<&Function> for Answers {
    fn from(function: &Function) -> Answers {
        Answers(function.into())
    }
}

impl From<Arn> for Answers {
    fn from(arn: Arn) -> Answers {
        Answers(arn.into())
    }
}

impl HttpApiBuilder<'_> {
    /// Adds a route: `.route("POST /events", &ingest)`.
    ///
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html)
    #[track_caller]
    pub fn route(self, route: impl Into<String>, answers: impl Into<Answers>) -> Self {
        self.route_that(route, answers, |route| route)
    }

    /// Adds a route of which more is said: `.route_that("GET /jobs", &jobs, |route| route.authorization(Authorization::Iam))`.
    #[track_caller]
    pub fn route_that(
        mut self,
        route: impl Into<String>,
        answers: impl Into<Answers>,
        more: impl FnOnce(Route) -> Route,
    ) -> Self {
        let route = Route::new().route(route.into()).function(answers.into().0);
        self.draft.settings.push(ROUTES.key, more(route));
        self
    }
}

impl HttpApi {
    /// Its URL, as API Gateway says it once the API is there.
    #[must_use]
    pub fn url(&self) -> Fact {
        Fact::of(self.address(), model::Fact::Url)
    }
}

/// A queue with a door of its own: what is posted to an API is a job in it.
///
/// It is an API with one route, the function behind it, and the queue that the function sends to, with a dead-letter
/// queue after 5 receives and alarms on dead letters, on 1000 waiting messages and on messages older than 15 minutes.
///
/// ```
/// use queuestack::construct::{template::*, *};
///
/// let mut stack = Stack::new("shop");
/// let orders = stack.add("orders", HttpIngest::post("/orders").received_by("ingest").handled_by("orders"));
/// orders.queue.alarm_age(&mut stack, mins(5));
///
/// let template = Template::of(&stack);
/// template.has_http_api("orders-api");
/// template.has_function("orders-ingest");
/// template.has_queue("orders-queue");
/// template.has_mapping("orders-worker");
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is added before a scope takes it: `stack.add(\"orders\", HttpIngest::post(\"/orders\"))`"]
pub struct HttpIngest {
    route: String,
    receiver: String,
    handler: Option<String>,
}

/// What an [`HttpIngest`] is made of.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// The API.
    pub api: HttpApi,
    /// What takes requests and sends jobs.
    pub receiver: Worker,
    /// Where jobs wait.
    pub queue: Queue,
    /// What handles them, if it was said.
    pub handler: Option<Worker>,
}

impl HttpIngest {
    /// Takes `POST` on this path; received by the package `ingest` unless said otherwise.
    pub fn post(path: impl Into<String>) -> HttpIngest {
        HttpIngest { route: format!("POST {}", path.into()), receiver: "ingest".to_owned(), handler: None }
    }

    /// Says which cargo package takes the requests and sends the jobs.
    pub fn received_by(mut self, package: impl Into<String>) -> HttpIngest {
        self.receiver = package.into();
        self
    }

    /// Says which cargo package handles the jobs; without it whoever consumes the queue does.
    pub fn handled_by(mut self, package: impl Into<String>) -> HttpIngest {
        self.handler = Some(package.into());
        self
    }
}

impl Construct for HttpIngest {
    type Output = Ingest;

    fn build(self, scope: &mut Scope) -> Ingest {
        let alarms = QueueAlarms::new().dead_letters(1).backlog(1_000).age(super::mins(15));
        let queue = Queue::new(scope, "queue").dead_letter(TRIES).alarms(alarms).build();
        let receiver = Worker::new(scope, "ingest").package(self.receiver).timeout(super::secs(10)).build();
        queue.grant_send(scope, &receiver);
        let api = HttpApi::new(scope, "api").route(self.route, &receiver).build();
        let handler =
            self.handler.map(|package| Worker::new(scope, "worker").package(package).consumes(&queue).build());
        Ingest { api, receiver, queue, handler }
    }
}
