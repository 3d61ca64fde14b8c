//! The properties by name, and what breaks each.

use std::fmt;

macro_rules! properties {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// What a history must satisfy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Property {
            $(#[doc = concat!("Broken when ", $meaning, ".")] $variant,)*
        }

        impl Property {
            /// All of them, in the order in which they are judged.
            pub const ALL: &[Property] = &[$(Property::$variant,)*];

            /// Its name: words joined by hyphens.
            pub fn name(self) -> &'static str {
                match self { $(Property::$variant => $name,)* }
            }

            /// When it is broken, as the end of a sentence that begins "broken when".
            pub fn meaning(self) -> &'static str {
                match self { $(Property::$variant => $meaning,)* }
            }
        }
    };
}

properties! {
    SelfInclusion "self-inclusion" "a process installs a view that lacks it"
    LocalMonotony "local-monotony" "the view numbers of one process in one group do not grow"
    InitialView "initial-view" "something is delivered, sent or indicated in no view"
    ViewTag "view-tag" "an event names a view in which its process is not"
    ViewAgreement "view-agreement" "one view id has different members or ranks, or one twice"
    Incarnation "incarnation" "a process is in a view twice, or older than it was before"
    Integrity "integrity" "a delivery is not of what was sent, or comes before it"
    NoDuplicates "no-duplicates" "one process delivers a message twice"
    SameView "same-view" "a message is delivered in different views"
    SendingView "sending-view" "a message is delivered in a view in which it was not sent"
    VirtualSynchrony "virtual-synchrony" "two go from V to V' with different deliveries in V"
    TransitionalSet "transitional-set" "the set is not that of those who came from the same view"
    Successor "successor" "a member of V enters V' from elsewhere while others come from V"
    SelfDelivery "self-delivery" "a process goes on, or settles, without its own message"
    Fifo "fifo" "one sender's messages come out of order, or with a gap inside a view"
    Causal "causal" "an effect comes before its cause, or in the cause's view without it"
    CausalAcross "causal-across" "an effect comes before its cause in another group"
    TotalWeak "total-weak" "those who go on together delivered ABCASTs in different sequences"
    TotalStrong "total-strong" "no single order of ABCASTs fits all processes"
    Gbcast "gbcast" "different messages precede a GBCAST at two processes"
    Safe "safe" "a message was told safe, but a member that lived on never delivered it"
    State "state" "states differ where a view was entered together, or from the donor's"
    Primary "primary" "primary views do not form one chain, or are not agreed upon"
    Reply "reply" "a reply is not what its message's receiver said to its sender, once"
    LwgSubset "lwg-subset" "a light-weight view is outside its core view, or used after it"
    LwgNonmember "lwg-nonmember" "a message of a light-weight group is delivered at a non-member"
    LwgAgreement "lwg-agreement" "one light-weight view id has different members or core groups"
    LivenessView "liveness-view" "the connected are in different views at the end, or wait to join"
    LivenessMembers "liveness-members" "the last view holds one not connected, or lacks one who is"
    LivenessDelivery "liveness-delivery" "a message of the last view is missing at a member"
}

impl fmt::Display for Property {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
