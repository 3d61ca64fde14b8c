//! Round trip: a question and its answer at the public API, against a datagram and its echo.

use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::series;
use crate::common::options::Options;
use crate::common::words::Words;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if !options.wants("lwg.round_trip") {
        return;
    }
    let mut ours = Crew::start(&Words::new("api"), 2);
    let mut udp = Crew::start(&Words::new("udp"), 2);
    for payload in if options.quick { &[64][..] } else { &[64, 400, 4_096][..] } {
        let ping = Words::new("ping").with("payload", payload).with("way", "round");
        let (median, late) = series(options, (&mut ours, &ping), (&mut udp, &ping));
        for (percentile, pair) in [(50, median), (99, late)] {
            let figure = Figure::beside("lwg.round_trip", "us", "udp", pair)
                .with("payload", *payload)
                .with("percentile", percentile);
            let middle = percentile == 50;
            let figure = if middle { figure.goal(Goal::RatioAtMost(1.5)) } else { figure };
            figure.tell(options);
        }
    }
}
