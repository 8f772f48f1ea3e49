//! What tables can do beyond their rows: grants, and keys by their names.

use super::{PartitionKey, Scope, SortKey, Table, Worker};

impl Table {
    /// Lets a worker read it and its indexes, and tells it the name in `TABLE_NAME_<NAME>`.
    ///
    /// ```
    /// use queuestack::construct::template::Template;
    /// use queuestack::construct::*;
    ///
    /// let mut stack = Stack::new("orders");
    /// let orders = Table::new(&mut stack, "orders").partition_key("id").build();
    /// let report = Worker::new(&mut stack, "report").package("report").build();
    /// orders.grant_read(&mut stack, &report);
    ///
    /// let policy = Template::of(&stack).yaml();
    /// assert!(policy.contains("dynamodb:Query") && policy.contains("/index/*"));
    /// assert!(policy.contains("TABLE_NAME_ORDERS") && !policy.contains("dynamodb:PutItem"));
    /// ```
    #[track_caller]
    pub fn grant_read(&self, scope: &mut Scope, worker: &Worker) {
        worker.grant(scope, "read", self.address());
    }

    /// Lets a worker write it, and tells it the name in `TABLE_NAME_<NAME>`. What is written can be read only with
    /// [`grant_read`](Self::grant_read).
    #[track_caller]
    pub fn grant_write(&self, scope: &mut Scope, worker: &Worker) {
        worker.grant(scope, "write", self.address());
    }
}

/// A string of this name.
impl From<&str> for PartitionKey {
    #[track_caller]
    fn from(name: &str) -> PartitionKey {
        PartitionKey::new().name(name)
    }
}

/// A string of this name.
impl From<&str> for SortKey {
    #[track_caller]
    fn from(name: &str) -> SortKey {
        SortKey::new().name(name)
    }
}
