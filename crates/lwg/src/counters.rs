//! What this floor counts about itself.

/// Numbers that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) views_told: u64,
    pub(crate) messages_told: u64,
    /// Groups brought up to date with a core view.
    pub(crate) touched: u64,
    /// Casts that carried operations, however many each.
    pub(crate) batches: u64,
    /// Data of groups that this process is not in.
    pub(crate) filtered: u64,
    /// Bytes of own data that members of the core group outside its group were spared.
    pub(crate) spared: u64,
    /// Data of a view that its sender and this process do not share: must stay 0.
    pub(crate) out_of_view: u64,
    /// Bytes that mean nothing.
    pub(crate) malformed: u64,
    /// Own GBCASTs sent again because the core view ended before they were told.
    pub(crate) overtaken: u64,
    /// Changes closed by a core view with MARKs missing.
    pub(crate) forced: u64,
    pub(crate) exchanges: u64,
    /// Groups that came together again after a partition.
    pub(crate) united: u64,
    /// Moves begun here.
    pub(crate) moves: u64,
    /// Groups of this process that have left a core group, and that have come to another.
    pub(crate) departed: u64,
    pub(crate) arrived: u64,
    /// Groups whose parts had moved apart, found so here.
    pub(crate) apart: u64,
    /// Said to others who waited in vain for this process to come with a group.
    pub(crate) absent: u64,
    /// Groups asked for, of whom another part may be elsewhere, and those of which one was.
    pub(crate) sought: u64,
    pub(crate) found: u64,
    /// MARKs dropped because too many had come before their operations.
    pub(crate) marks_dropped: u64,
    /// Groups whose parts are not brought together for want of room.
    pub(crate) ungathered: u64,
    pub(crate) founded: u64,
    pub(crate) collected: u64,
    /// Core groups left because this process was in no group on them.
    pub(crate) shrunk: u64,
    /// Sends dropped because this process is not in the group.
    pub(crate) unsendable: u64,
    /// Operations dropped because the view ended before the directories were one.
    pub(crate) dropped: u64,
}

impl Counters {
    pub(crate) fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("lwg.views_told", self.views_told);
        each("lwg.messages_told", self.messages_told);
        each("lwg.touched", self.touched);
        each("lwg.batches", self.batches);
        each("lwg.filtered", self.filtered);
        each("lwg.spared_bytes", self.spared);
        each("lwg.out_of_view", self.out_of_view);
        each("lwg.malformed", self.malformed);
        each("lwg.overtaken", self.overtaken);
        each("lwg.forced", self.forced);
        each("lwg.exchanges", self.exchanges);
        each("lwg.united", self.united);
        each("lwg.moves", self.moves);
        each("lwg.departed", self.departed);
        each("lwg.arrived", self.arrived);
        each("lwg.apart", self.apart);
        each("lwg.absent", self.absent);
        each("lwg.sought", self.sought);
        each("lwg.found", self.found);
        each("lwg.marks_dropped", self.marks_dropped);
        each("lwg.ungathered", self.ungathered);
        each("lwg.founded", self.founded);
        each("lwg.collected", self.collected);
        each("lwg.shrunk", self.shrunk);
        each("lwg.unsendable", self.unsendable);
        each("lwg.dropped", self.dropped);
    }
}
