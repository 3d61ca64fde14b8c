/* Views are waited for, and are events between messages: who was in the group when each came. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horus.h"

#define PATIENCE_MS 20000
#define SOON_MS 50

static void must(int status, int expected, const char *what) {
    if (status != expected) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

static void holds(int what, const char *said) {
    if (!what) {
        fprintf(stderr, "not so: %s\n", said);
        exit(1);
    }
}

static horus_tower *opened(const char *name, uint16_t *port) {
    horus_tower *tower = NULL;
    must(horus_open(name, "127.0.0.1:0", &tower), horus_status_OK, "horus_open");
    must(horus_port(tower, port), horus_status_OK, "horus_port");
    return tower;
}

static int is_called(const char *member, const char *name) {
    return member != NULL && strncmp(member, name, strlen(name)) == 0;
}

/* Receives what has come, which is this. */
static void receive(lwg *group, const char *text) {
    lwg_message *message = NULL;
    size_t length = 0;
    must(lwg_receive(group, 0, &message), horus_status_OK, "lwg_receive");
    const uint8_t *bytes = lwg_bytes(message, &length);
    holds(length == strlen(text) && memcmp(bytes, text, length) == 0, text);
    lwg_done(message);
}

/* Until something is there to be taken: poll tells of views as of messages. */
static void comes(horus_tower *tower) {
    struct pollfd bell = {horus_poll_fd(tower), POLLIN, 0};
    holds(poll(&bell, 1, PATIENCE_MS) == 1, "something comes");
}

/* The next view, by poll alone. */
static lwg_view polled(horus_tower *tower, lwg *group) {
    lwg_view view = {0, 0, 0};
    int status = horus_status_LATE;
    while (status == horus_status_LATE) {
        comes(tower);
        status = lwg_next_view(group, 0, &view);
    }
    must(status, horus_status_OK, "lwg_next_view");
    return view;
}

int main(void) {
    uint16_t at_a = 0, at_b = 0;
    char address[32];
    horus_tower *a = opened("va", &at_a), *b = opened("vb", &at_b);
    snprintf(address, sizeof address, "127.0.0.1:%u", at_b);
    must(horus_meet(a, "vb", address), horus_status_OK, "horus_meet");

    /* Alone, until another is in: that one is told the same view. */
    const char *me[] = {"va"}, *other[] = {"vb"};
    lwg *mine = NULL, *theirs = NULL;
    lwg_view first, second, seen;
    must(lwg_create(a, me, 1, PATIENCE_MS, &mine), horus_status_OK, "lwg_create");
    must(lwg_wait_members(mine, 1, PATIENCE_MS, &first), horus_status_OK, "a view of one");
    must(lwg_wait_members(mine, 2, SOON_MS, NULL), horus_status_LATE, "nobody else is in");
    must(lwg_next_view(mine, SOON_MS, NULL), horus_status_LATE, "and no view comes");
    must(lwg_add(mine, other, 1, PATIENCE_MS), horus_status_OK, "lwg_add");
    must(lwg_wait_members(mine, 2, PATIENCE_MS, &second), horus_status_OK, "a view of both");
    must(lwg_invited(b, PATIENCE_MS, &theirs), horus_status_OK, "lwg_invited");
    must(lwg_next_view(theirs, PATIENCE_MS, &seen), horus_status_OK, "the same there");
    holds(second.members == 2 && second.number > first.number, "numbers grow");
    holds(seen.number == second.number && seen.digest == second.digest, "one view, one name");
    must(lwg_wait_members(theirs, 2, 0, NULL), horus_status_OK, "it is there already");

    /* A message of that view comes before the next: neither is passed over for the other. */
    must(lwg_send(theirs, 'f', (const uint8_t *)"last", 4, NULL), horus_status_OK, "lwg_send");
    must(lwg_wait_members(mine, 3, PATIENCE_MS, NULL), horus_status_MESSAGE, "a message");
    must(lwg_remove(mine, other, 1, PATIENCE_MS), horus_status_OK, "lwg_remove");
    must(lwg_wait_members(mine, 1, PATIENCE_MS, NULL), horus_status_MESSAGE, "it comes first");
    must(lwg_next_view(mine, PATIENCE_MS, NULL), horus_status_MESSAGE, "it still does");
    lwg_sent *sent = NULL;
    const uint8_t *alone = (const uint8_t *)"alone";
    must(lwg_send_begin(mine, 'f', alone, 5, &sent), horus_status_OK, "lwg_send_begin");
    must(lwg_stable(sent, PATIENCE_MS), horus_status_OK, "lwg_stable: all of it is here");
    lwg_discard_replies(sent);
    receive(mine, "last");
    holds(lwg_member_count(mine) == 2 && is_called(lwg_member(mine, 1), "vb#"), "both had it");
    must(lwg_next_view(mine, PATIENCE_MS, &seen), horus_status_OK, "the next view");
    holds(seen.members == 1 && seen.number > second.number, "a view of one again");
    receive(mine, "alone");
    holds(lwg_member_count(mine) == 1 && is_called(lwg_member(mine, 0), "va#"), "by name too");

    /* Whoever is out has its own message, and then no more. */
    must(lwg_wait_members(theirs, 1, PATIENCE_MS, NULL), horus_status_MESSAGE, "its own");
    receive(theirs, "last");
    must(lwg_next_view(theirs, PATIENCE_MS, NULL), horus_status_END, "it is out");
    must(lwg_wait_members(theirs, 2, PATIENCE_MS, NULL), horus_status_END, "of which it was");
    struct pollfd bell = {horus_poll_fd(b), POLLIN, 0};
    holds(poll(&bell, 1, 0) == 0, "what is over rings no more");

    /* Each is an event, however many have come; who waits for a number is told the newest. */
    for (int round = 0; round < 2; round++) {
        must(lwg_add(mine, other, 1, PATIENCE_MS), horus_status_OK, "lwg_add");
        must(lwg_remove(mine, other, 1, PATIENCE_MS), horus_status_OK, "lwg_remove");
    }
    for (size_t members = 2; members > 0; members--) {
        first = polled(a, mine);
        holds(first.members == members, "in and out again");
    }
    comes(a);
    must(lwg_wait_members(mine, 1, PATIENCE_MS, &seen), horus_status_OK, "in and out once more");
    holds(seen.number > first.number + 1, "two views later");
    must(lwg_next_view(mine, SOON_MS, NULL), horus_status_LATE, "there is none behind it");
    must(lwg_next_view(NULL, 0, &seen), horus_status_WRONG, "no group");

    lwg_free(theirs);
    lwg_free(mine);
    horus_close(b);
    horus_close(a);
    printf("each view came once, in its place between messages\n");
    return 0;
}
