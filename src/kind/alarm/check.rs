//! What must hold between the attributes of one alarm.

use crate::diagnostic::Diagnostics;
use crate::model::Resource;

/// Checks one complete alarm.
pub fn check(_resource: &Resource, _out: &mut Diagnostics) {}
