//! The AWS SDK backend: clients, the calls through which every kind speaks, waits and rates.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::RequestId;
use tokio::sync::{Mutex, OnceCell, SetOnce, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::artifact::Artifact;
use crate::build::Artifacts;
use crate::error::AwsError;
use crate::event::Reporter;
use crate::gaps::Gaps;
use crate::value::Place;

use super::once::{self, Once};
pub use super::patience::Patience;
use super::patience::Waits;

/// How many reads of one kind are in flight at once.
pub const READS_AT_ONCE: usize = 64;

/// Quotas low enough to be hit, in calls a second: paced on AWS rather than throttled by it.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html>
const PACES: &[(&str, &str, u32)] = &[
    ("cloudwatch", "PutMetricAlarm", 3),
    ("cloudwatch", "DescribeAlarms", 9),
    ("lambda", "GetFunction", 100),
    ("lambda", "GetFunctionEventInvokeConfig", 15),
    ("lambda", "CreateFunction", 15),
    ("lambda", "UpdateFunctionCode", 15),
    ("lambda", "UpdateFunctionConfiguration", 15),
    ("lambda", "CreateEventSourceMapping", 15),
    ("ssm", "GetParameter", 40),
    ("dynamodb", "DescribeContinuousBackups", 10),
    ("dynamodb", "ListTagsOfResource", 10),
    ("dynamodb", "TagResource", 5),
    ("dynamodb", "UntagResource", 5),
];

/// The account, Region and clients that a command works with. A clone is another handle on the same.
#[derive(Clone)]
pub struct Aws(Arc<Shared>, pub(super) Once);

impl std::ops::Deref for Aws {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What all handles share.
pub struct Shared {
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    // Few stacks need these: each is made when it is first asked for.
    api_gateway: OnceLock<aws_sdk_apigatewayv2::Client>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
    secrets_manager: OnceLock<aws_sdk_secretsmanager::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    config: SdkConfig,
    sts: aws_sdk_sts::Client,
    pub(super) tagging: aws_sdk_resourcegroupstagging::Client,
    region: String,
    custom_endpoint: bool,
    place: OnceCell<Place>,
    paces: HashMap<(&'static str, &'static str), Mutex<Instant>>,
    calls: AtomicUsize,
    code: OnceLock<Artifacts>,
    stopped: watch::Sender<bool>,
    hidden: RwLock<Vec<String>>,
    lacking: Arc<SetOnce<Gaps>>,
    reporter: Arc<dyn Reporter>,
}

impl Aws {
    /// Makes the clients of a configuration; nothing is sent yet. What the endpoint lacks may be found out later: kinds
    /// that it is not asked about.
    #[must_use]
    pub fn new(config: &SdkConfig, lacking: Arc<SetOnce<Gaps>>, reporter: Arc<dyn Reporter>) -> Aws {
        let shared = Shared {
            sqs: aws_sdk_sqs::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            api_gateway: OnceLock::new(),
            dynamodb: OnceLock::new(),
            events: OnceLock::new(),
            s3: OnceLock::new(),
            ssm: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            sns: OnceLock::new(),
            config: config.clone(),
            sts: aws_sdk_sts::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
            region: config.region().map_or_else(|| "us-east-1".to_owned(), ToString::to_string),
            custom_endpoint: config.endpoint_url().is_some(),
            place: OnceCell::new(),
            paces: PACES.iter().map(|(service, name, _)| ((*service, *name), Mutex::new(Instant::now()))).collect(),
            calls: AtomicUsize::new(0),
            code: OnceLock::new(),
            stopped: watch::Sender::new(false),
            hidden: RwLock::default(),
            lacking,
            reporter,
        };
        Aws(Arc::new(shared), once::unread())
    }

    /// The same connection, with nothing read through it yet.
    #[must_use]
    pub fn afresh(&self) -> Aws {
        Aws(Arc::clone(&self.0), once::unread())
    }

    /// API Gateway, of HTTP APIs.
    pub fn api_gateway(&self) -> &aws_sdk_apigatewayv2::Client {
        self.api_gateway.get_or_init(|| aws_sdk_apigatewayv2::Client::new(&self.config))
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config))
    }

    /// EventBridge.
    pub fn events(&self) -> &aws_sdk_eventbridge::Client {
        self.events.get_or_init(|| aws_sdk_eventbridge::Client::new(&self.config))
    }

    /// S3. An endpoint of one's own has no name for each bucket: there the bucket is the beginning of the path.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.custom_endpoint);
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    /// SSM.
    pub fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| aws_sdk_ssm::Client::new(&self.config))
    }

    /// Secrets Manager.
    pub fn secrets_manager(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets_manager.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.config))
    }

    /// SNS.
    pub fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| aws_sdk_sns::Client::new(&self.config))
    }

    /// The Region that calls go to.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Takes values that no error may repeat, whatever a service answers.
    pub fn hide(&self, values: Vec<String>) {
        let mut hidden = self.hidden.write().unwrap_or_else(PoisonError::into_inner);
        hidden.extend(values.into_iter().filter(|value| !value.is_empty()));
    }

    /// Runs a read for each item, many at once and on all processors, and keeps what was found.
    ///
    /// # Errors
    /// When any read fails for good.
    pub async fn each<I, T, F>(
        &self,
        items: impl IntoIterator<Item = I>,
        read: impl Fn(Aws, I) -> F,
    ) -> Result<Vec<T>, AwsError>
    where
        F: Future<Output = Result<Option<T>, AwsError>> + Send + 'static,
        T: Send + 'static,
    {
        let mut items = items.into_iter();
        let mut flying = JoinSet::new();
        let mut found = Vec::new();
        loop {
            while flying.len() < READS_AT_ONCE
                && let Some(item) = items.next()
            {
                flying.spawn(read(self.clone(), item));
            }
            match flying.join_next().await {
                Some(Ok(one)) => found.extend(one?),
                Some(Err(broken)) => {
                    return Err(AwsError::refused("queuestack", "read", format!("a task broke off: {broken}")));
                }
                None => return Ok(found),
            }
        }
    }

    /// Asks AWS who we are, once.
    ///
    /// # Errors
    /// When the credentials are not accepted or nobody answers.
    pub async fn place(&self) -> Result<&Place, AwsError> {
        let ask = async {
            let answer = self.call("sts", "GetCallerIdentity", self.sts.get_caller_identity().send()).await?;
            let partition = answer.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
            Ok(Place {
                partition: partition.to_owned(),
                region: self.region.clone(),
                account: answer.account.unwrap_or_default(),
            })
        };
        self.place.get_or_try_init(|| ask).await
    }

    /// Counts the calls made so far, retries not included.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Takes the code that a plan may ship; a plan names it by its digest, so that it stays plain data.
    pub fn carry(&self, code: Artifacts) {
        // Carried once a command; a second load would be the same.
        let _ = self.code.set(code);
    }

    /// Finds carried code by its digest.
    #[must_use]
    pub fn code(&self, code_sha256: &str) -> Option<&Artifact> {
        let mut carried = self.code.get()?.values();
        carried.find(|artifact| artifact.code_sha256 == code_sha256).map(AsRef::as_ref)
    }

    /// Tells whether the tagging API knows all resources with tags: AWS's does, emulators know some kinds.
    #[must_use]
    pub fn lists_every_tag(&self) -> bool {
        !self.custom_endpoint
    }

    /// Tells whether the tagging API knows all that the endpoint has of a kind. Emulators do, for those kinds that ask,
    /// unless the table of known gaps says otherwise.
    pub async fn is_found_by_tag(&self, kind: &str) -> bool {
        self.lists_every_tag() || !Gaps::may_hide(kind) || !self.lacking.wait().await.hides(kind)
    }

    /// Tells whether the endpoint is not asked about a kind. That waits until it is known who answers, but only for a
    /// kind that some endpoint lacks: the others are read meanwhile.
    pub async fn passes_over(&self, kind: &str) -> bool {
        Gaps::may_lack(kind) && self.lacking.wait().await.lacks(kind).is_some()
    }

    /// Makes one call: paced, counted, and with an error that names service, code and request id.
    ///
    /// # Errors
    /// When the call fails for good; throttling and faults were retried by the SDK.
    pub async fn call<T, E>(
        &self,
        service: &'static str,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + RequestId + std::error::Error + 'static,
    {
        // What is the same for every operation is compiled once, not a hundred times.
        self.pace(service, operation).await;
        call.await.map_err(|error| self.hide_secrets(aws_error(service, operation, &error)))
    }

    /// Secrets that were sent must not come back in an error.
    fn hide_secrets(&self, mut error: AwsError) -> AwsError {
        for secret in self.hidden.read().unwrap_or_else(PoisonError::into_inner).iter() {
            error.message = error.message.replace(secret, "(secret)");
        }
        error
    }

    /// Waits for this operation's turn, and counts it.
    async fn pace(&self, service: &'static str, operation: &'static str) {
        tracing::trace!(service, operation, "call");
        self.calls.fetch_add(1, Ordering::Relaxed);
        let paced = (service, operation);
        let Some(next) = self.paces.get(&paced).filter(|_| !self.custom_endpoint) else { return };
        let rate = PACES.iter().find(|(service, name, _)| (*service, *name) == paced).map_or(1, |(.., rate)| *rate);
        let turn = {
            let mut next = next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + Duration::from_secs(1) / rate;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    /// Makes a call again while it fails for a reason that passes by itself, and says what it waits for.
    ///
    /// # Errors
    /// When it fails for another reason, or still fails when the patience is over.
    pub async fn patiently<T, F>(&self, patience: Patience, mut call: impl FnMut() -> F) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let mut waits = Waits::new(patience, self.stopped.subscribe());
        loop {
            match call().await {
                Ok(done) => return Ok(done),
                Err(error) => waits.after(error, &*self.reporter).await?,
            }
        }
    }

    /// Ends all waits for what passes by itself: the user asked to stop. Calls in flight finish.
    pub fn stop_waiting(&self) {
        self.stopped.send_replace(true);
    }
}

/// Reads code, message and request id out of an SDK error.
fn aws_error<E>(service: &'static str, operation: &'static str, error: &SdkError<E>) -> AwsError
where
    E: ProvideErrorMetadata + RequestId + std::error::Error + 'static,
{
    let answered = error.as_service_error();
    let message = answered.and_then(ProvideErrorMetadata::message).map_or_else(|| chain(error), str::to_owned);
    AwsError {
        service,
        operation,
        code: answered.and_then(ProvideErrorMetadata::code).map(str::to_owned),
        message,
        request_id: answered.and_then(RequestId::request_id).map(str::to_owned),
    }
}

/// Joins the causes of an error that AWS did not answer.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = causes.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}
