/* Many operations are on their way at once, each is waited for when its outcome is wanted, and no
 * longer than it may be: also while another process is stopped. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "horus.h"

#define PATIENCE_MS 20000
#define MANY 100
#define BYTES 32768

static pid_t process = 0;

/* Whatever goes wrong, the other process is not left behind. */
static void end(void) {
    if (process > 0)
        kill(process, SIGKILL);
}

static void must(int status, int expected, const char *what) {
    if (status != expected) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

/* Opens a tower that gives up nobody as long as this runs. */
static horus_tower *opened(const char *name, uint16_t *port) {
    const char *settings[] = {"silence_ms=60000", "untaken_ms=0"};
    horus_tower *tower = NULL;
    must(horus_open_with(name, "127.0.0.1:0", settings, 2, &tower), horus_status_OK, "open");
    must(horus_port(tower, port), horus_status_OK, "horus_port");
    return tower;
}

static void meet(horus_tower *tower, const char *name, uint16_t port) {
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    must(horus_meet(tower, name, address), horus_status_OK, "horus_meet");
}

/* Whether the members of a group's view are called so, in any order. */
static int is_of(lwg *group, size_t count, const char *const *names) {
    size_t found = 0;
    for (size_t name = 0; name < count; name++)
        for (size_t at = 0; lwg_member(group, at) != NULL; at++)
            found += strncmp(lwg_member(group, at), names[name], strlen(names[name])) == 0;
    return lwg_member_count(group) == count && found == count;
}

/* Until the view is so. */
static void becomes(lwg *group, size_t count, const char *const *names) {
    must(lwg_wait_members(group, count, PATIENCE_MS, NULL), horus_status_OK, "lwg_wait_members");
    if (!is_of(group, count, names)) {
        fprintf(stderr, "others than these %zu\n", count);
        exit(1);
    }
}

/* The other process: founds a group of both, and takes what comes until that is over. */
static int other(int told) {
    uint16_t port = 0, own = 0;
    if (read(told, &port, sizeof port) != sizeof port)
        return 1;
    const char *both[] = {"pb", "pa"};
    lwg *group = NULL;
    lwg_message *message = NULL;
    horus_tower *tower = opened("pb", &own);
    meet(tower, "pa", port);
    must(lwg_create(tower, both, 2, PATIENCE_MS, &group), horus_status_OK, "lwg_create of both");
    while (lwg_receive(group, PATIENCE_MS, &message) == horus_status_OK)
        lwg_done(message);
    lwg_free(group);
    horus_close(tower);
    return 0;
}

static void stop(void) {
    int stopped = 0;
    kill(process, SIGSTOP);
    if (waitpid(process, &stopped, WUNTRACED) != process || !WIFSTOPPED(stopped))
        exit(1);
}

/* Nothing waits for longer than it may for a process that is stopped, and all of it ends well. */
static void bounds(horus_tower *tower) {
    lwg *group = NULL;
    lwg_sent *sent = NULL;
    lwg_begun *begun = NULL;
    const uint8_t *text = (const uint8_t *)"?";
    must(lwg_invited(tower, PATIENCE_MS, &group), horus_status_OK, "lwg_invited");
    must(lwg_send_begin(group, 't', text, 1, &sent), horus_status_OK, "lwg_send_begin");
    must(lwg_stable(sent, PATIENCE_MS), horus_status_OK, "lwg_stable");
    must(lwg_cancel(sent), horus_status_END, "lwg_cancel of what is everywhere");
    lwg_discard_replies(sent);
    stop();
    must(lwg_send_begin(group, 't', text, 1, &sent), horus_status_OK, "lwg_send_begin");
    must(lwg_stable(sent, 50), horus_status_LATE, "lwg_stable, one is stopped");
    kill(process, SIGCONT);
    must(lwg_stable(sent, PATIENCE_MS), horus_status_OK, "lwg_stable, all go on");
    lwg_discard_replies(sent);
    stop();
    must(lwg_destroy_begin(group, &begun), horus_status_OK, "lwg_destroy_begin");
    must(lwg_wait(begun, 50, NULL), horus_status_LATE, "lwg_wait, one is stopped");
    must(lwg_destroy(group, 50), horus_status_LATE, "lwg_destroy, one is stopped");
    kill(process, SIGCONT);
    must(lwg_wait(begun, PATIENCE_MS, NULL), horus_status_OK, "lwg_wait, all go on");
    must(lwg_wait(begun, 0, NULL), horus_status_WRONG, "lwg_wait of what has ended");
    lwg_forget(begun);
    lwg_free(group);
}

/* A send that waits for a member that does not receive is taken back. */
static void back(lwg *group, lwg *theirs) {
    static uint8_t bytes[BYTES];
    int count = 0, status = horus_status_OK;
    while (status == horus_status_OK && count < 1000) {
        status = lwg_send_within(group, 'f', bytes, BYTES, 200);
        count += status == horus_status_OK;
    }
    must(status, horus_status_LATE, "lwg_send_within, one does not receive");
    lwg_sent *sent = NULL;
    lwg_message *message = NULL;
    size_t length = 0;
    must(lwg_send_begin(group, 'f', bytes, BYTES, &sent), horus_status_OK, "lwg_send_begin");
    must(lwg_cancel(sent), horus_status_OK, "lwg_cancel");
    must(lwg_cancel(sent), horus_status_END, "lwg_cancel again");
    must(lwg_stable(sent, PATIENCE_MS), horus_status_FAILED, "lwg_stable of what is back");
    lwg_discard_replies(sent);
    must(lwg_send(group, 'f', bytes, 1, NULL), horus_status_OK, "lwg_send behind it");
    for (int received = 0; received <= count; received++) {
        must(lwg_receive(theirs, PATIENCE_MS, &message), horus_status_OK, "lwg_receive");
        lwg_bytes(message, &length);
        lwg_done(message);
    }
    if (length != 1) {
        fprintf(stderr, "what was taken back came\n");
        exit(1);
    }
}

int main(void) {
    int pipes[2];
    if (pipe(pipes) != 0)
        return 1;
    process = fork();
    if (process == 0) {
        close(pipes[1]);
        return other(pipes[0]);
    }
    atexit(end);
    uint16_t at_a = 0, at_c = 0;
    horus_tower *a = opened("pa", &at_a);
    if (write(pipes[1], &at_a, sizeof at_a) != sizeof at_a)
        return 1;
    close(pipes[1]);
    bounds(a);

    /* Somebody who has not been met yet: it is late, and goes on where it was. */
    const char *both[] = {"pa", "pc"}, *wrong[] = {"p c"};
    lwg_begun *begun = NULL, *many[MANY];
    lwg *first = NULL, *made = NULL, *theirs = NULL;
    must(lwg_create_begin(a, wrong, 1, 0, 0, &begun), horus_status_WRONG, "a wrong name");
    must(lwg_create_begin(a, both, 2, 0, 0, &begun), horus_status_OK, "lwg_create_begin");
    must(lwg_wait(begun, 10, &first), horus_status_LATE, "lwg_wait, nobody was met");
    horus_tower *c = opened("pc", &at_c);
    meet(a, "pc", at_c);
    must(lwg_wait(begun, PATIENCE_MS, NULL), horus_status_WRONG, "lwg_wait with nowhere to put it");
    must(lwg_wait(begun, PATIENCE_MS, &first), horus_status_OK, "lwg_wait, it was met");
    lwg_forget(begun);
    must(lwg_invited(c, PATIENCE_MS, &theirs), horus_status_OK, "lwg_invited");
    becomes(first, 2, both);
    if (lwg_member(first, 2) != NULL)
        return 1;

    /* None waits for another. */
    for (int each = 0; each < MANY; each++)
        must(lwg_create_begin(a, both, 2, 0, 0, &many[each]), horus_status_OK, "lwg_create_begin");
    for (int each = MANY - 1; each >= 0; each--) {
        must(lwg_wait(many[each], PATIENCE_MS, &made), horus_status_OK, "lwg_wait of many");
        lwg_forget(many[each]);
        lwg_free(made);
    }
    lwg_begun *out = NULL, *in = NULL;
    must(lwg_remove_begin(first, both + 1, 1, &out), horus_status_OK, "lwg_remove_begin");
    must(lwg_add_begin(first, both + 1, 1, &in), horus_status_OK, "lwg_add_begin");
    must(lwg_wait(in, PATIENCE_MS, NULL), horus_status_OK, "lwg_wait of the add");
    must(lwg_wait(out, PATIENCE_MS, NULL), horus_status_OK, "lwg_wait of the remove");
    lwg_forget(out);
    lwg_forget(in);
    becomes(first, 2, both);
    lwg_free(theirs);
    for (int each = 0; each <= MANY; each++) {
        must(lwg_invited(c, PATIENCE_MS, &theirs), horus_status_OK, "lwg_invited of many");
        if (each < MANY)
            lwg_free(theirs);
    }
    back(first, theirs);

    lwg_free(theirs);
    lwg_free(first);
    horus_close(c);
    horus_close(a);
    int ended = 0;
    if (waitpid(process, &ended, 0) != process || ended != 0)
        return 1;
    process = 0;
    printf("%d groups were on their way at once\n", MANY);
    return 0;
}
