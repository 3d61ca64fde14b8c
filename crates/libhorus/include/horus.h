#ifndef HORUS_H
#define HORUS_H

#include <stddef.h>
#include <stdint.h>

// How a call ended.
typedef enum horus_status {
  // As asked.
  horus_status_OK = 0,
  // It failed; `horus_error` says why.
  horus_status_FAILED = 1,
  // It did not come in time: ask again.
  horus_status_LATE = 2,
  // There is no more: the group is over for this process, or every reply has come.
  horus_status_END = 3,
  // An argument cannot be: a null pointer, text that is not UTF-8, an unknown order or setting.
  horus_status_WRONG = 4,
  // A message of the group comes first: receive it, and ask again.
  horus_status_MESSAGE = 5,
} horus_status;

// A send that is followed: its replies, and whether all have it.
typedef struct lwg_sent lwg_sent;

// A core group.
typedef struct horus_core horus_core;

// A light-weight group.
typedef struct lwg lwg;

// A message, or a reply.
typedef struct lwg_message lwg_message;

// A create, add, remove or destroy that was begun, and is waited for with `lwg_wait`.
typedef struct lwg_begun lwg_begun;

// A tower.
typedef struct horus_tower horus_tower;

// A view of a core group.
typedef struct horus_core_view {
  // Grows with each view that this process is told; sides that are apart may share it.
  uint64_t number;
  // How many members it has; `horus_core_member` names them.
  size_t members;
  // 1 if it is primary, 0 if not; -1 where the group has no electorate, or it did not become
  // known before the view ended.
  int primary;
} horus_core_view;

// Names a group, the same at every process.
typedef struct lwg_name {
  // A hash of who created it.
  uint64_t creator;
  // Which of its groups it is.
  uint64_t count;
} lwg_name;

// A view of a group. Number and digest together name it, the same at all its members.
typedef struct lwg_view {
  // Grows with each view that this process is told; views of a relaxed group may share it.
  uint64_t number;
  // Tells views of parts of the group apart that have the same number.
  uint64_t digest;
  // How many members it has; `lwg_member` names them.
  size_t members;
} lwg_view;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Opens a tower in this process: `name` is the node's, `listen` where it listens, for example
// "127.0.0.1:0". Close it with `horus_close`.
//
// # Safety
// `name` and `listen` are strings that end with 0; `tower` can be written to.
int horus_open(const char *name, const char *listen, struct horus_tower **tower);

// The same with settings, each "key=value": what `horus node` calls its options.
//
// `key_file` (keys, as `horus keygen` makes them) or `insecure` (`true`: every host that can
// reach this one is trusted, which is said once on standard error) are needed for any address but
// loopback. `peer` says where another node listens, `b=192.0.2.2:7001`. `state` is the directory
// where the last incarnation is kept, `hall` an IP multicast group that all nodes share. `profile`
// is `local`, `lan` or `wan`; over it go `silence_ms`, `beat_ms`, `untaken_ms`. `policy` places
// groups: `smallest`, `adaptive`, `one-to-one` or `by-hand`; `k`: others at most. `causality` is
// `group` or `system`. Others are found by `seed`, `service`, `name_server`, `beside`, `beacon`,
// `system`; `expect`, `first` and `patience` (seconds) say whom it must have met before this
// returns. `operators` is a socket where `horus status` asks. `daemon` is that of a horusd: then
// `listen` may be null, and keys, peers and times are its own. `peer`, `seed`, `service` and
// `name_server` may be there several times; of others the last counts. For a key that there is
// not, or a value that cannot be, it is `WRONG`, and `horus_error` names it and says what would be
// right.
//
// # Safety
// `name` is a string that ends with 0, `listen` too, or null; `settings` is an array of `count`
// strings that end with 0; `tower` can be written to.
int horus_open_with(const char *name,
                    const char *listen,
                    const char *const *settings,
                    size_t count,
                    struct horus_tower **tower);

// Opens a tower on the kernel of the horusd that listens at `socket`, a path such as
// "/run/horus/horusd.sock": nothing else differs from `horus_open`. Close it with `horus_close`.
//
// # Safety
// `name` and `socket` are strings that end with 0; `tower` can be written to.
int horus_attach(const char *name, const char *socket, struct horus_tower **tower);

// Closes a tower: it leaves every group at once. What is asked of its groups, messages and replies
// from now on fails, and nothing more is received; they are still to be freed, before or after
// this.
//
// # Safety
// `tower` comes from `horus_open` or `horus_attach` and is not used again; null does nothing.
void horus_close(struct horus_tower *tower);

// Why the last call of this thread failed; empty if it did not. The place is the same at each call
// and is valid as long as the thread lives; what stands there is that of the thread's last call,
// so copy what is to be kept. Longer than 4,095 bytes it is cut off.
const char *horus_error(void);

// A descriptor that becomes readable when something has come for any group of this tower:
// for `poll` and its kin. It is the tower's own; empty once `lwg_receive` with a patience of 0 has
// been called on each group that something came for until it answered late.
//
// # Safety
// `tower` comes from `horus_open`.
int horus_poll_fd(struct horus_tower *tower);

// Says where another node listens.
//
// # Safety
// `tower` comes from `horus_open`; `name` and `address` are strings that end with 0.
int horus_meet(struct horus_tower *tower, const char *name, const char *address);

// The port that the tower listens on.
//
// # Safety
// `tower` comes from `horus_open`; `port` can be written to.
int horus_port(struct horus_tower *tower, uint16_t *port);

// lwg_create: a group of the members of these names, waiting until they have been met and it is
// made, for at most so many milliseconds together. With `LATE` it may still be made: then what
// this process is asked there is declined. Free it with `lwg_free`.
//
// # Safety
// `tower` comes from `horus_open`; `members` is an array of `count` strings that end with 0;
// `lwg` can be written to.
int lwg_create(struct horus_tower *tower,
               const char *const *members,
               size_t count,
               uint32_t patience_ms,
               struct lwg **lwg);

// The next group that another process has put this one in. Free it with `lwg_free`.
//
// # Safety
// `tower` comes from `horus_open`; `lwg` can be written to.
int lwg_invited(struct horus_tower *tower, uint32_t patience_ms, struct lwg **lwg);

// Forgets a group: this process stays in it, and what it is asked there is declined.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited` and is not used again; null does nothing.
void lwg_free(struct lwg *lwg);

// lwg_add: members that are in already are passed over. Waits until the others have been met and
// it is done, for at most so many milliseconds together; with `LATE` it may still be done.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `members` is an array of `count` strings that
// end with 0.
int lwg_add(struct lwg *lwg, const char *const *members, size_t count, uint32_t patience_ms);

// lwg_remove: leaving is removing oneself. Waits as `lwg_add` does.
//
// # Safety
// As `lwg_add`.
int lwg_remove(struct lwg *lwg, const char *const *members, size_t count, uint32_t patience_ms);

// lwg_destroy: the group is over for all; it is still to be freed. Waits until it is done, for at
// most so many milliseconds; with `LATE` it may still be done.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`.
int lwg_destroy(struct lwg *lwg, uint32_t patience_ms);

// lwg_receive: the next message of the group; views are passed over, see `lwg_next_view`. Free it
// with `lwg_done`, or answer it with `lwg_reply`.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `message` can be written to.
int lwg_receive(struct lwg *lwg, uint32_t patience_ms, struct lwg_message **message);

// Where a message's bytes lie and how many there are; valid until it is freed or answered.
//
// # Safety
// `message` comes from `lwg_receive` or `lwg_get_next_reply`; `length` can be written to.
const uint8_t *lwg_bytes(struct lwg_message *message, size_t *length);

// Who sent a message, as `name#incarnation`; valid until it is freed or answered.
//
// # Safety
// `message` comes from `lwg_receive` or `lwg_get_next_reply`.
const char *lwg_from(struct lwg_message *message);

// Frees a message. If its sender wants replies, that declines.
//
// # Safety
// `message` comes from `lwg_receive` or `lwg_get_next_reply` and is not used again; null does
// nothing.
void lwg_done(struct lwg_message *message);

// lwg_reply: answers a message and frees it.
//
// # Safety
// `message` comes from `lwg_receive` and is not used again; `bytes` are `length` bytes.
int lwg_reply(struct lwg_message *message, const uint8_t *bytes, size_t length);

// lwg_create that waits for nothing: `lwg_wait` tells when the group is made, and gives it. If
// all members have been met it is asked for at once; if not, as soon as they are while `lwg_wait`
// waits. `open` and `relaxed` as in `lwg_create_with`. Free it with `lwg_forget`.
//
// # Safety
// `tower` comes from `horus_open`; `members` is an array of `count` strings that end with 0;
// `begun` can be written to.
int lwg_create_begin(struct horus_tower *tower,
                     const char *const *members,
                     size_t count,
                     int open,
                     int relaxed,
                     struct lwg_begun **begun);

// lwg_add that waits for nothing: `lwg_wait` tells when it is done. If all members have been met
// it is asked for at once; if not, as soon as they are while `lwg_wait` waits. What is asked of
// one group is done in the order in which it was asked for. Free it with `lwg_forget`.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `members` is an array of `count` strings that
// end with 0; `begun` can be written to.
int lwg_add_begin(struct lwg *lwg,
                  const char *const *members,
                  size_t count,
                  struct lwg_begun **begun);

// The same for lwg_remove.
//
// # Safety
// As `lwg_add_begin`.
int lwg_remove_begin(struct lwg *lwg,
                     const char *const *members,
                     size_t count,
                     struct lwg_begun **begun);

// The same for lwg_destroy.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `begun` can be written to.
int lwg_destroy_begin(struct lwg *lwg, struct lwg_begun **begun);

// Waits until what was begun is done, for at most so many milliseconds: what is `LATE` can be
// waited for again. Of a create `lwg` gets the group, to be freed with `lwg_free`; of others it
// may be null. Once it has ended, well or not, there is nothing more to wait for.
//
// # Safety
// `begun` comes from `lwg_create_begin` or one of its sisters; `lwg` can be written to, or is
// null.
int lwg_wait(struct lwg_begun *begun, uint32_t patience_ms, struct lwg **lwg);

// Frees what was begun; it goes on all the same. What this process is asked in a group that it
// makes then is declined.
//
// # Safety
// `begun` comes from `lwg_create_begin` or one of its sisters and is not used again; null does
// nothing.
void lwg_forget(struct lwg_begun *begun);

// Says, before the core group of this word is founded or joined, which of its views are primary:
// those with most of these nodes, each in the group since it was founded or since it came into a
// primary view. With `refuse` other views take no multicasts. Every member is to say the same.
//
// # Safety
// `tower` comes from `horus_open`; `word` is a string that ends with 0, `nodes` an array of
// `count` such strings.
int horus_core_primary(struct horus_tower *tower,
                       const char *word,
                       const char *const *nodes,
                       size_t count,
                       int refuse);

// Starts the core group of this word with these members, who are waited for until they have been
// met, and this process. Its views and messages, or who could not be had, are told by
// `horus_core_next_view` and `horus_core_receive`. Free it with `horus_core_free`.
//
// # Safety
// `tower` comes from `horus_open`; `word` is a string that ends with 0, `members` an array of
// `count` such strings; `core` can be written to.
int horus_core_found(struct horus_tower *tower,
                     const char *word,
                     const char *const *members,
                     size_t count,
                     uint32_t patience_ms,
                     struct horus_core **core);

// Joins the core group of this word, by way of whoever was met and is in it. If nobody has let it
// in after ten seconds, `horus_core_next_view` answers `FAILED`. Who was invited by its founder is
// in already, and has this handle all the same. Free it with `horus_core_free`.
//
// # Safety
// `tower` comes from `horus_open`; `word` is a string that ends with 0; `core` can be written to.
int horus_core_join(struct horus_tower *tower, const char *word, struct horus_core **core);

// Multicasts to the group's present view, this process included, and waits until it has gone out.
// `FAILED` if it was not sent: it had to wait for longer, or the view is not primary and refuses.
//
// # Safety
// `core` comes from `horus_core_found` or `horus_core_join`; `bytes` are `length` bytes.
int horus_core_send(struct horus_core *core,
                    char order,
                    const uint8_t *bytes,
                    size_t length,
                    uint32_t patience_ms);

// The next message of the group; views are passed over, see `horus_core_next_view`. `lwg_bytes`
// and `lwg_from` read it; free it with `lwg_done`.
//
// # Safety
// `core` comes from `horus_core_found` or `horus_core_join`; `message` can be written to.
int horus_core_receive(struct horus_core *core, uint32_t patience_ms, struct lwg_message **message);

// The group's next view, which is its present one from then on. `MESSAGE`: a message comes first,
// and is to be received before this is asked again.
//
// # Safety
// `core` comes from `horus_core_found` or `horus_core_join`; `view` can be written to, or is null.
int horus_core_next_view(struct horus_core *core,
                         uint32_t patience_ms,
                         struct horus_core_view *view);

// The name of a member of the view that was taken last, as `name#incarnation`: the `index`-th,
// from 0, in the order of the view, which is the same at all members; null if there are no more.
// Valid until the next view is taken.
//
// # Safety
// `core` comes from `horus_core_found` or `horus_core_join`.
const char *horus_core_member(struct horus_core *core, size_t index);

// Leaves the group: what is still owed is told, and then `END`.
//
// # Safety
// `core` comes from `horus_core_found` or `horus_core_join`.
int horus_core_leave(struct horus_core *core);

// Frees a handle; the process stays in the group.
//
// # Safety
// `core` comes from `horus_core_found` or `horus_core_join` and is not used again; null does
// nothing.
void horus_core_free(struct horus_core *core);

// lwg_create, of a group that is more than plain: with `open` processes outside may send to it
// (`lwg_send_through`); with `relaxed` nobody in it waits for anybody, and whoever is in its core
// group may send to it (`lwg_send_beside`). Each is 0 or not. Free it with `lwg_free`.
//
// # Safety
// As `lwg_create`.
int lwg_create_with(struct horus_tower *tower,
                    const char *const *members,
                    size_t count,
                    uint32_t patience_ms,
                    int open,
                    int relaxed,
                    struct lwg **lwg);

// The name of a group, which means it at every process: for who sends to it from outside.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `name` can be written to.
int lwg_name_of(struct lwg *lwg, struct lwg_name *name);

// lwg_send to an open group that this process is not in, by way of a member of it, who is waited
// for until it has been met. With `sent` replies of all members are wanted; if the member cannot
// pass it on, `lwg_lost` names it.
//
// # Safety
// `tower` comes from `horus_open`; `member` is a string that ends with 0; `bytes` are `length`
// bytes; `sent` is null or can be written to.
int lwg_send_through(struct horus_tower *tower,
                     const char *member,
                     uint32_t patience_ms,
                     struct lwg_name group,
                     char order,
                     const uint8_t *bytes,
                     size_t length,
                     struct lwg_sent **sent);

// lwg_send to a relaxed group that this process is not in, though in its core group: a sensor's
// way. Lost in silence where no such group is known.
//
// # Safety
// `tower` comes from `horus_open`; `bytes` are `length` bytes.
int lwg_send_beside(struct horus_tower *tower,
                    struct lwg_name group,
                    char order,
                    const uint8_t *bytes,
                    size_t length);

// lwg_send: multicasts to the group, this process included. `order` is 'm', 'f', 'c', 't', 'g':
// in no order, FIFO, causal, total, against everything; its capital: safe, told only where every
// member is known to have it. With `sent` replies are wanted: free it with `lwg_discard_replies`;
// null: none. Waits while a member does not receive what it is told, and fails while 64 MiB of
// what this process sent itself lie here unreceived; see `lwg_send_within`.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `bytes` are `length` bytes; `sent` is null or
// can be written to.
int lwg_send(struct lwg *lwg,
             char order,
             const uint8_t *bytes,
             size_t length,
             struct lwg_sent **sent);

// lwg_send without replies, to be followed: `lwg_stable` waits until every member has it, and
// `lwg_cancel` takes it back as long as it waits. Free it with `lwg_discard_replies`.
//
// # Safety
// As `lwg_send`, but `sent` can be written to.
int lwg_send_begin(struct lwg *lwg,
                   char order,
                   const uint8_t *bytes,
                   size_t length,
                   struct lwg_sent **sent);

// lwg_send without replies, unless it has to wait for room longer than that: then it is `LATE`,
// and nothing was sent. With a patience of 0 it does not wait.
//
// # Safety
// As `lwg_send`.
int lwg_send_within(struct lwg *lwg,
                    char order,
                    const uint8_t *bytes,
                    size_t length,
                    uint32_t patience_ms);

// Waits until every member of the view that it was sent in has delivered it. It fails if a member
// was lost before that was known, or if it was taken back; `END`: this process left the group
// before, or sent it from outside.
//
// # Safety
// `sent` comes from `lwg_send_begin` or `lwg_send`.
int lwg_stable(struct lwg_sent *sent, uint32_t patience_ms);

// Takes a send back that waits for room, because a member does not receive what it is told: nobody
// is told of it then. `END`: it has gone out.
//
// # Safety
// `sent` comes from `lwg_send_begin`, `lwg_send` or `lwg_send_through`; it is still to be freed.
int lwg_cancel(struct lwg_sent *sent);

// lwg_get_next_reply: `END` once every member has replied, declined or is lost. Free it with
// `lwg_done`.
//
// # Safety
// `sent` comes from `lwg_send`; `message` can be written to.
int lwg_get_next_reply(struct lwg_sent *sent, uint32_t patience_ms, struct lwg_message **message);

// A member that will never reply, as `name#incarnation`: the `index`-th of those lost, from 0;
// null if there are no more. Complete once `lwg_get_next_reply` says `END`; valid as long as
// `sent` is.
//
// # Safety
// `sent` comes from `lwg_send`.
const char *lwg_lost(struct lwg_sent *sent, size_t index);

// The same of the members that have declined to reply.
//
// # Safety
// `sent` comes from `lwg_send`.
const char *lwg_declined(struct lwg_sent *sent, size_t index);

// lwg_discard_replies: no more are wanted, and what was sent is forgotten.
//
// # Safety
// `sent` comes from `lwg_send` or `lwg_send_begin` and is not used again; null does nothing.
void lwg_discard_replies(struct lwg_sent *sent);

// The group's next view, which is its present one from then on: what was received before belongs
// to the view before. `MESSAGE`: a message comes first. `lwg_receive` passes over views, so who
// wants each asks here first.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`; `view` can be written to, or is null.
int lwg_next_view(struct lwg *lwg, uint32_t patience_ms, struct lwg_view *view);

// Waits until the group's present view has just so many members, for at most so many milliseconds
// together; other views are passed over. `MESSAGE`: a message comes first, and is to be received
// before this is asked again. What another thread takes of the group meanwhile is not seen here.
//
// # Safety
// As `lwg_next_view`.
int lwg_wait_members(struct lwg *lwg, size_t members, uint32_t patience_ms, struct lwg_view *view);

// How many members the group's present view has: that of the message or view which was taken last.
// A later one is not seen before it, or a message behind it, is taken. 0 before the first.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`.
size_t lwg_member_count(struct lwg *lwg);

// The name of a member of the group's present view, as `name#incarnation`: the `index`-th of
// `lwg_member_count`, from 0, in the order of the view, which is the same at all members; null if
// there are no more. Valid until the group's next message or view is taken.
//
// # Safety
// `lwg` comes from `lwg_create` or `lwg_invited`.
const char *lwg_member(struct lwg *lwg, size_t index);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HORUS_H */
