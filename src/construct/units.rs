//! Durations and sizes as types: a bare number never stands for either.

use std::ops::{Add, Mul};

use crate::kind::{Row, Type};
use crate::value::Unit;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// Bytes of a MiB.
pub(super) const MEBI: i64 = 1 << 20;

/// A duration in whole seconds, made by [`secs`], [`mins`], [`hours`] or [`days`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub(super) i64);

/// A size in bytes, made by [`bytes()`], [`kib`], [`mib`] or [`gib`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub(super) i64);

/// So many seconds.
#[must_use]
pub const fn secs(count: u32) -> Seconds {
    Seconds(count as i64)
}

/// So many minutes.
#[must_use]
pub const fn mins(count: u32) -> Seconds {
    Seconds(count as i64 * 60)
}

/// So many hours.
#[must_use]
pub const fn hours(count: u32) -> Seconds {
    Seconds(count as i64 * 3_600)
}

/// So many days of 24 hours.
#[must_use]
pub const fn days(count: u32) -> Seconds {
    Seconds(count as i64 * DAY)
}

/// So many bytes.
#[must_use]
pub const fn bytes(count: u32) -> Bytes {
    Bytes(count as i64)
}

/// So many KiB, of 1024 bytes.
#[must_use]
pub const fn kib(count: u32) -> Bytes {
    Bytes((count as i64) << 10)
}

/// So many MiB, of 1024 KiB.
#[must_use]
pub const fn mib(count: u32) -> Bytes {
    Bytes(count as i64 * MEBI)
}

/// So many GiB, of 1024 MiB.
#[must_use]
pub const fn gib(count: u32) -> Bytes {
    Bytes((count as i64) << 30)
}

impl Seconds {
    /// Checks a duration against the row of an attribute; in a constant, while compiling.
    ///
    /// ```compile_fail,E0080
    /// use queuestack::{construct::*, kind::queue};
    ///
    /// const HIDDEN: Seconds = hours(13).within(&queue::VISIBILITY_TIMEOUT); // 0s to 12h
    /// ```
    ///
    /// # Panics
    /// When the attribute takes no such duration. What is built is checked anyway: use this in constants.
    #[must_use]
    pub const fn within(self, row: &Row) -> Seconds {
        match row.ty {
            Type::Int { unit: Unit::Seconds, min, max } => in_range(self.0, 1, min, max),
            Type::Int { unit: Unit::Days, min, max } => in_range(self.0, DAY, min, max),
            _ => panic_no("a duration"),
        }
        self
    }
}

impl Bytes {
    /// Checks a size against the row of an attribute; in a constant, while compiling.
    ///
    /// # Panics
    /// When the attribute takes no such size. What is built is checked anyway: use this in constants.
    #[must_use]
    pub const fn within(self, row: &Row) -> Bytes {
        match row.ty {
            Type::Int { unit: Unit::Bytes, min, max } => in_range(self.0, 1, min, max),
            Type::Int { unit: Unit::Mebibytes, min, max } => in_range(self.0, MEBI, min, max),
            _ => panic_no("a size"),
        }
        self
    }
}

const fn in_range(number: i64, unit: i64, min: i64, max: i64) {
    assert!(number % unit == 0, "the attribute takes a whole number of a larger unit");
    assert!(number / unit >= min, "less than the attribute may be");
    assert!(number / unit <= max, "more than the attribute may be");
}

const fn panic_no(what: &str) {
    assert!(what.is_empty(), "the attribute is measured in something else");
}

impl Mul<u32> for Seconds {
    type Output = Seconds;

    fn mul(self, times: u32) -> Seconds {
        Seconds(self.0.saturating_mul(times.into()))
    }
}

impl Add for Seconds {
    type Output = Seconds;

    fn add(self, other: Seconds) -> Seconds {
        Seconds(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{log_group, queue};

    #[test]
    fn units_are_what_they_say() {
        const KEPT: Seconds = days(14).within(&log_group::RETENTION);
        assert_eq!(hours(1) + mins(1) * 2 + secs(3), Seconds(3_723));
        assert_eq!((days(4), gib(1), kib(3)), (Seconds(345_600), Bytes(1 << 30), Bytes(3_072)));
        assert_eq!(KEPT.within(&queue::MESSAGE_RETENTION), days(14));
    }
}
