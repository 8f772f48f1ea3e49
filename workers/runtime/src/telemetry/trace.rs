//! Trace contexts in and out: W3C `traceparent` and X-Ray's `AWSTraceHeader`.
//!
//! Both name a trace of 16 bytes and a span of 8; one converts into the other.
//! <https://www.w3.org/TR/trace-context/>,
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>

use std::fmt;

tokio::task_local! {
    /// The trace of the job that this task handles.
    static CURRENT: Trace;
}

/// A place in a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trace {
    id: u128,
    span: u64,
    sampled: bool,
}

impl Trace {
    /// A trace that begins here.
    #[must_use]
    pub fn new() -> Self {
        // X-Ray wants the time in the first four bytes of a trace's id.
        let seconds = u128::from(jiff::Timestamp::now().as_second().unsigned_abs() & 0xffff_ffff);
        let id = (seconds << 96) | (fastrand::u128(..) >> 32);
        Self { id, span: fastrand::u64(1..), sampled: true }
    }

    /// The trace of the job that this task handles, if it handles one.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }

    /// Runs a future in this trace: what it enqueues carries it on.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The same for what does not wait.
    pub(crate) fn scope_sync<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }

    /// A new span in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: fastrand::u64(1..), ..self }
    }

    /// Reads `00-<trace>-<span>-<flags>`; of a later version, what it has in common.
    #[must_use]
    pub fn from_traceparent(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex(version, 2) || version == "ff" || !hex(id, 32) || !hex(span, 16) || !hex(flags, 2) {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Self::valid(u128::from_str_radix(id, 16).ok()?, u64::from_str_radix(span, 16).ok()?, sampled)
    }

    /// Reads `Root=1-<8>-<24>;Parent=<16>;Sampled=1`; without a parent the span is a new one.
    #[must_use]
    pub fn from_xray(text: &str) -> Option<Self> {
        let field = |name: &str| text.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let (time, rest) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
        if time.len() != 8 || rest.len() != 24 {
            return None;
        }
        let id = (u128::from(u32::from_str_radix(time, 16).ok()?) << 96) | u128::from_str_radix(rest, 16).ok()?;
        let span = match field("Parent") {
            Some(parent) => u64::from_str_radix(parent, 16).ok()?,
            None => fastrand::u64(1..),
        };
        Self::valid(id, span, field("Sampled") == Some("1"))
    }

    fn valid(id: u128, span: u64, sampled: bool) -> Option<Self> {
        (id != 0 && span != 0).then_some(Self { id, span, sampled })
    }

    /// The id of the trace: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// The id of the span: 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    /// Writes it as W3C's header.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.id, self.span, u8::from(self.sampled))
    }

    /// Writes it as X-Ray's header.
    #[must_use]
    pub fn xray(&self) -> String {
        let (time, rest) = (self.id >> 96, self.id & ((1 << 96) - 1));
        format!("Root=1-{time:08x}-{rest:024x};Parent={:016x};Sampled={}", self.span, u8::from(self.sampled))
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceparent())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_headers_carry_the_whole_context(id in 1_u128.., span in 1_u64.., sampled: bool) {
            let trace = Trace { id, span, sampled };
            prop_assert_eq!(Trace::from_traceparent(&trace.traceparent()), Some(trace));
            prop_assert_eq!(Trace::from_xray(&trace.xray()), Some(trace));
        }

        #[test]
        fn no_text_breaks_the_readers(text in "\\PC{0,80}") {
            let _ = (Trace::from_traceparent(&text), Trace::from_xray(&text));
        }
    }

    #[test]
    fn headers_of_the_specifications_are_read() {
        let w3c = Trace::from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(w3c.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(w3c.span_id(), "00f067aa0ba902b7");
        let xray = Trace::from_xray("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
        assert_eq!(xray.unwrap().traceparent(), "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01");
        for broken in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Trace::from_traceparent(broken), None, "{broken}");
        }
    }
}
