//! What the transport counts, and how any floor tells its counters.

/// A floor that can tell its counters.
pub trait Counted {
    /// Tells each counter with its name, this floor's first, then those beneath it.
    fn count(&self, each: &mut dyn FnMut(&'static str, u64));
}

macro_rules! counters {
    ($($name:ident $told:literal)*) => {
        #[derive(Debug, Default, Clone)]
        pub(crate) struct Counters { $(pub(crate) $name: u64,)* }

        impl Counted for Counters {
            fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
                $(each($told, self.$name);)*
            }
        }
    };
}

counters! {
    datagrams_sent "muts.datagrams_sent"
    datagrams_received "muts.datagrams_received"
    datagrams_of_change "muts.datagrams_of_change"
    bytes_sent "muts.bytes_sent"
    bytes_received "muts.bytes_received"
    frames_sent "muts.frames_sent"
    frames_resent "muts.frames_resent"
    frames_received "muts.frames_received"
    skips_sent "muts.skips_sent"
    acks_sent "muts.acks_sent"
    acks_at_once "muts.acks_at_once"
    asked_at_once "muts.asked_at_once"
    beats_sent "muts.beats_sent"
    tells_sent "muts.tells_sent"
    probes_sent "muts.probes_sent"
    hall_sent "muts.hall_sent"
    hall_tries "muts.hall_tries"
    hall_spared "muts.hall_spared"
    hall_given_up "muts.hall_given_up"
    hall_keys_told "muts.hall_keys_told"
    hellos_sent "muts.hellos_sent"
    cookies_sent "muts.cookies_sent"
    links_met "muts.links_met"
    sessions_renewed "muts.sessions_renewed"
    refused_version "muts.refused_version"
    links_lost "muts.links_lost"
    links_ousted "muts.links_ousted"
    moves_asked "muts.moves_asked"
    moves "muts.moves"
    silences "muts.silences"
    nobody "muts.nobody_listening"
    nudges "muts.nudges"
    overdue "muts.overdue"
    window_full "muts.window_full"
    credit_waits "muts.credit_waits"
    away "muts.away"
    dropped_malformed "muts.dropped_malformed"
    dropped_version "muts.dropped_version"
    dropped_session "muts.dropped_session"
    dropped_cookie "muts.dropped_cookie"
    dropped_no_room "muts.dropped_no_room"
    dropped_own "muts.dropped_own"
    dropped_outsider "muts.dropped_outsider"
    dropped_stranger "muts.dropped_stranger"
    dropped_unsealed "muts.dropped_unsealed"
    dropped_replay "muts.dropped_replay"
    dropped_incarnation "muts.dropped_incarnation"
    dropped_duplicate "muts.dropped_duplicate"
    dropped_beyond "muts.dropped_beyond"
    dropped_early "muts.dropped_early"
    dropped_closed "muts.dropped_closed"
    dropped_hall "muts.dropped_hall"
    dropped_tells "muts.dropped_tells"
    dropped_parts "muts.dropped_parts"
    dropped_too_long "muts.dropped_too_long"
    dropped_unopened "muts.dropped_unopened"
    dropped_unlinked "muts.dropped_unlinked"
}
