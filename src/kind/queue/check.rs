//! What must hold between the attributes of one queue.

use crate::diagnostic::Diagnostics;
use crate::model::Resource;

/// Checks one complete queue.
pub fn check(_resource: &Resource, _out: &mut Diagnostics) {}
