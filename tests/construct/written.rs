//! The stacks as somebody wrote them.

#[path = "../../stacks/api.rs"]
pub mod api;
#[path = "../../stacks/calendar.rs"]
pub mod calendar;
#[path = "../../stacks/calsync-jobs.rs"]
pub mod calsync_jobs;
#[path = "../../stacks/events.rs"]
pub mod events;
#[path = "../../stacks/minimal.rs"]
pub mod minimal;
#[path = "../../stacks/orders.rs"]
pub mod orders;
