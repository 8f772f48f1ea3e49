//! A load test as a picture: jobs handled a second, and the latencies beside it.

use std::fmt::Write as _;

use super::Outcome;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 56.0;

/// Draws an SVG of its own, without scripts; browsers show it as it is, and it can stand in an HTML page.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "positions in a picture")]
pub fn svg(queue: &str, outcome: &Outcome) -> String {
    let most = outcome.by_second.iter().max().copied().unwrap_or_default().max(1) as f64;
    let step = WIDTH / outcome.by_second.len() as f64;
    let mut bars = String::new();
    for (second, count) in outcome.by_second.iter().enumerate() {
        let height = HEIGHT * *count as f64 / most;
        let (x, y) = (LEFT + step * second as f64, TOP + HEIGHT - height);
        let width = (step - 1.0).max(1.0);
        let _ = writeln!(
            bars,
            r##"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="#3b6ea5"><title>second {second}: {count}</title></rect>"##
        );
    }
    let latency = outcome.latency;
    let title = format!(
        "{}: {} jobs handled in {:.1} s, {:.0}/s",
        escape(queue),
        outcome.handled,
        outcome.milliseconds as f64 / 1e3,
        outcome.per_second
    );
    let facts = format!(
        "latency p50 {} ms, p90 {} ms, p99 {} ms, max {} ms; repeated {}, retried {}, dead letters {}",
        latency.p50, latency.p90, latency.p99, latency.max, outcome.repeated, outcome.retried, outcome.dead_letters
    );
    let (bottom, right, seconds) = (TOP + HEIGHT, LEFT + WIDTH, outcome.by_second.len());
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 340" font-family="sans-serif" font-size="13" role="img">
<title>{title}</title>
<rect width="800" height="340" fill="#ffffff"/>
<text x="{LEFT}" y="22" font-size="16">{title}</text>
<text x="{LEFT}" y="42" fill="#444444">{facts}</text>
{bars}<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#222222"/>
<text x="{label}" y="{top}" text-anchor="end">{most}</text>
<text x="{label}" y="{bottom}" text-anchor="end">0</text>
<text x="{right}" y="{below}" text-anchor="end">{seconds} s</text>
<text x="{LEFT}" y="{below}">jobs handled in each second</text>
</svg>
"##,
        label = LEFT - 8.0,
        top = TOP + 10.0,
        below = bottom + 20.0,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::Tally;
    use super::*;

    #[test]
    fn each_second_is_a_bar_and_names_are_escaped() {
        let mut tally = Tally::default();
        for probe in 0..4 {
            tally.sent(probe, 0);
            tally.received(probe, 600 * i64::try_from(probe).unwrap(), 1);
        }
        let svg = svg("<q>", &tally.outcome(0));
        assert_eq!(svg.matches("<rect x=").count(), 2);
        assert!(svg.contains("&lt;q&gt;: 4 jobs handled in 1.8 s, 2/s"), "{svg}");
        assert!(svg.contains(r#"height="240.0""#) && !svg.contains("<q>"));
    }
}
