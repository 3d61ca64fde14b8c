//! Every bound of this floor, each with its reason.

use muts::Duration;

/// Members of one light-weight group: those of the core group that it stands on.
pub const MEMBERS_MAX: usize = 256;

/// Sends and operations that wait for one core group, or for one light-weight group's next view;
/// beyond it the ask is handed back. They go round through a quarter of a megabyte, which stays in
/// a core's cache, and last for some milliseconds of a busy sender, which is what a change takes.
pub const QUEUE_MAX: usize = 1_024;

/// Bytes of messages among those: two windows of the transport. One may go over.
pub const QUEUE_BYTES_MAX: usize = 2 << 20;

/// What stands on a message on this floor, at most: the names of two hundred members, and more.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// The longest message, with the headers of the floors above: whatever stands on it here, and
/// whoever passes it on, the kernel takes it.
pub const MESSAGE_BYTES_MAX: usize = vsync::limits::CAST_BYTES_MAX - HEADER_BYTES_MAX;

/// Groups and views that a sender names by a small number at one time: more than a busy process
/// sends to by turns, and few enough to be looked through.
pub const NAMED_MAX: u8 = 16;

/// Messages given to the kernel before it is listened to again: it delivers them here together.
pub const RUN_MAX: usize = 64;

/// Own sends with replies wanted at one time: each may keep an answer of every member.
pub const AWAITED_MAX: usize = 65_536;

/// Destroyed groups remembered for one core group, so that no merge brings them back, and as many
/// that were born in its present view: a million would cost more than the few that a merge could
/// revive are worth.
pub const TOMBSTONES_MAX: usize = 65_536;

/// MARKs kept until their operation is delivered: its sender had it first. Of more the change waits
/// for the end of the core view, and it is counted.
pub const EARLY_MARKS_MAX: usize = 4_096;

/// Bytes after which a directory goes on in another cast: a message must hold it.
pub const DIRECTORY_BYTES_MAX: usize = 32 * 1_024;

/// Entries or tombstones of a directory in one cast: what fills those bytes if memberships repeat.
pub const DIRECTORY_ENTRIES_MAX: usize = 900;

/// How long the background sweep waits after a view: what is sent in it, and what waited for it,
/// goes before, at processes that share a core too. Long against a hop, short against what a
/// million views take.
pub const SWEEP_AFTER: Duration = Duration::from_millis(2);

/// Entries brought up to date with the view itself, and by one turn of the background sweep: what
/// an application with few groups has, and some fifty microseconds' work for one with many, for
/// which a message that has come waits. Two hundred where parts are united.
pub const AT_ONCE: usize = 256;

/// Things told and not taken, over which the background sweep waits: views of a million groups
/// would lie there otherwise.
pub const TOLD_MAX: usize = 16_384;

/// Losses of members noted for a membership before its groups must take them: places in the log
/// have 8 bits.
pub const STEPS_MAX: usize = 100;

/// Operations in one cast, at most: what a datagram or two hold.
pub const BATCH_MAX: usize = 256;

/// Bytes of operations in one cast, over which no other is added: a core group of many members
/// makes them long.
pub const BATCH_BYTES_MAX: usize = 16 * 1_024;

/// Asks that wait before they are cast without waiting for the end of the turn: memory stays
/// small, and what waits together travels together all the same.
pub const BURST_MAX: usize = 1_024;

/// Creates, adds and foundings under way at one time: each keeps a timer and its members.
pub const PLACING_MAX: usize = 65_536;

/// Moves that this process has under way: each keeps a timer-less note at its members, and what is
/// sent meanwhile.
pub const MOVES_MAX: usize = 256;

/// Groups that are told in one turn that there is room again: what is free is soon taken by the
/// first, and the others are handed theirs back once more.
pub const ROOMS_MAX: usize = 64;

/// Moves started by one review: the rest waits for the next, so that traffic is not held all over.
pub const MOVES_A_REVIEW_MAX: usize = 64;

/// Groups of a membership that a review looks at for some that can move: what it finds none among
/// mostly holds none.
pub const REVIEWED_MAX: usize = 1_024;

/// How often an adaptive policy looks: long against a change of members, short against a day.
pub const REVIEW: Duration = Duration::from_secs(5);

/// Reviews in a row that must want the same before it is done.
pub const REVIEWS_MIN: u8 = 2;

/// Core groups that are named to who asks where a group could be: what each carries is added up for
/// it, and the cheapest come first.
pub const CANDIDATES_MAX: usize = 20;

/// Core groups over which an adaptive policy lets them be shared: a handful costs nothing.
pub const SHARE_OVER: usize = 8;

/// Core groups of a set at one process: each costs a flush when a member dies.
pub const CORES_MAX: usize = 100_000;

/// Members of a core group that is found by pairs of them: 120 places in the index; of larger ones
/// there are few, and they are looked at one by one.
pub const PAIRED_MAX: usize = 16;

/// Groups that a process was in and is out of, whose numbers it remembers: only who comes back to
/// one that has moved meanwhile needs it.
pub const KNOWN_MAX: usize = 16_384;

/// How long a core group is kept from which a group went to meet another part of it: partitions of
/// an hour heal, and one idle core group costs little.
pub const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// How long parts of a group that are apart wait before they try again to meet.
pub const GATHER: Duration = Duration::from_secs(1);

/// Groups whose parts are to meet that are looked at in one turn: a fraction of a millisecond.
pub const GATHERED_AT_ONCE: usize = 256;

/// Groups whose parts are to meet, at most: the others find each other when they are sought.
pub const GATHERING_MAX: usize = 65_536;

/// How long a part leaves it to its lowest member to see to that: who has become a member since
/// may not know of the other part. Some tries, and what an invitation takes.
pub const GATHERED_BY: Duration = Duration::from_secs(4);

/// How long after a process has come or gone it is asked where its parts of groups are: what that
/// sets going by itself has its time first.
pub const SEEK: Duration = Duration::from_secs(5);

/// How long it is left alone at most while each round finds something.
pub const SEEK_PAUSE_MAX: Duration = Duration::from_secs(60);

/// An answer that took longer tells of what was when it was asked for: who answers was away.
pub const SEEK_FRESH: Duration = Duration::from_secs(2);

/// How long a part that was told where another one is tries to go there.
pub const SEEK_MEET: Duration = Duration::from_secs(10);

/// Processes that may be asked: they have been in a core group with this one.
pub const SOUGHT_PEERS_MAX: usize = 4_096;

/// Lost processes that are named for groups of one membership: more than a core group loses between
/// two restarts. Of more it may be anybody.
pub const LOST_MAX: usize = 16;

/// Nodes of which the latest incarnation is known; of others nothing is taken to be over.
pub const NODES_MAX: usize = 4_096;

/// Groups asked for in one letter: four kilobytes.
pub const SOUGHT_MAX: usize = 256;

/// Letters that wait for one process that takes none, before what the user says to it is handed
/// back: beneath them lies a window of the transport's, so these are seconds of a busy asker.
pub const LETTERS_MAX: usize = 1_024;

/// Bytes of those. One may go over.
pub const LETTERS_BYTES_MAX: usize = 1 << 20;

/// Processes for which letters wait, up to which an answer to one more that was not met waits too.
/// Beyond them it is dropped, and its asker gives it up unless the two meet after all.
pub const UNMET_MAX: usize = 64;

/// Members named in one answer: some twenty kilobytes.
pub const PART_MEMBERS_MAX: usize = 1_024;

/// Entries, memberships and core groups looked at in one turn to find groups to ask for: a fraction
/// of a millisecond.
pub const SEEK_MAX: usize = 4_096;

/// How often a create is placed again because its core group has lost members meanwhile.
pub const PLACED_AGAIN_MAX: u8 = 3;

/// How long invited processes have to come into a core group; the kernel's own patience.
pub const INVITED: Duration = Duration::from_secs(5);

/// Invitations into groups that have moved or lost members, under way in one core view: each is a
/// round of that core group. An add over it may be asked again.
pub const INVITED_MAX: usize = 65_536;

/// How long the member that was asked to place a group has: the patience above, and the way.
pub const ASKED: Duration = Duration::from_secs(8);

/// How long one waits for a word of the member that passes a multicast on, before it is asked, and
/// then before it is given up: what a core group takes to notice a death, several times.
pub const PASSED_ON: Duration = Duration::from_secs(5);

/// How long a core group without light-weight groups is kept warm: transactions among the same
/// servers come again within seconds (paper 5.1).
pub const GRACE: Duration = Duration::from_secs(30);

/// Idle core groups kept at most, the longest idle going first: each costs heartbeats and state.
pub const IDLE_MAX: usize = 1_024;

/// The most extra members that a core group may have for a group placed on it (paper 5.1).
pub const EXTRAS_MAX: usize = 5;
