//! The stacks as `queuestack convert` wrote them.

#[rustfmt::skip]
#[path = "../golden/convert/api.rs"]
pub mod api;
#[rustfmt::skip]
#[path = "../golden/convert/calendar.rs"]
pub mod calendar;
#[rustfmt::skip]
#[path = "../golden/convert/calsync-jobs.rs"]
pub mod calsync_jobs;
#[rustfmt::skip]
#[path = "../golden/convert/events.rs"]
pub mod events;
#[rustfmt::skip]
#[path = "../golden/convert/guarded.rs"]
pub mod guarded;
#[rustfmt::skip]
#[path = "../golden/convert/minimal.rs"]
pub mod minimal;
#[rustfmt::skip]
#[path = "../golden/convert/odd.rs"]
pub mod odd;
#[rustfmt::skip]
#[path = "../golden/convert/orders.rs"]
pub mod orders;
