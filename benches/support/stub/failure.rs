//! Calls that fail because a test says so.

use super::reply::Fault;

/// Answers an operation with an error, some times or for ever.
#[derive(Clone, Debug)]
pub struct Failure {
    operation: &'static str,
    about: Option<String>,
    code: &'static str,
    status: u16,
    times: usize,
}

impl Failure {
    /// Makes every call of `operation` (`sqs.CreateQueue`) fail with `code`.
    #[must_use]
    pub fn of(operation: &'static str, code: &'static str) -> Self {
        Self { operation, about: None, code, status: 400, times: usize::MAX }
    }

    /// Lets only those calls fail that name `name` in their body.
    #[must_use]
    pub fn about(self, name: &str) -> Self {
        Self { about: Some(name.to_owned()), ..self }
    }

    /// Lets only the first `times` such calls fail.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    fn hits(&self, operation: &str, body: &[u8]) -> bool {
        let named = |name: &String| body.windows(name.len()).any(|window| window == name.as_bytes());
        self.times > 0 && self.operation == operation && self.about.as_ref().is_none_or(named)
    }
}

/// Takes the fault that this call is answered with, if it is to fail.
pub fn next(failures: &mut [Failure], operation: &str, body: &[u8]) -> Option<Fault> {
    let failure = failures.iter_mut().find(|failure| failure.hits(operation, body))?;
    failure.times -= 1;
    Some(Fault::new(failure.status, failure.code, "The test wants this to fail."))
}
