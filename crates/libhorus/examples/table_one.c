/* Table 1 of the paper in C: two towers in one process, a group of both, a question, two answers. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horus.h"

#define PATIENCE_MS 20000

static void must(int status, const char *what) {
    if (status != horus_status_OK) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

/* Receives one message through poll and answers it. */
static void answer(horus_tower *tower, lwg *group, const char *with) {
    lwg_message *message = NULL;
    struct pollfd bell = {horus_poll_fd(tower), POLLIN, 0};
    int status = lwg_receive(group, 0, &message);
    while (status == horus_status_LATE) {
        if (poll(&bell, 1, PATIENCE_MS) != 1) {
            fprintf(stderr, "nothing came\n");
            exit(1);
        }
        status = lwg_receive(group, 0, &message);
    }
    must(status, "lwg_receive");
    size_t length = 0;
    const uint8_t *bytes = lwg_bytes(message, &length);
    printf("%s asks: %.*s\n", lwg_from(message), (int)length, (const char *)bytes);
    must(lwg_reply(message, (const uint8_t *)with, strlen(with)), "lwg_reply");
}

int main(void) {
    horus_tower *a = NULL, *b = NULL;
    must(horus_open("ca", "127.0.0.1:0", &a), "horus_open");
    must(horus_open("cb", "127.0.0.1:0", &b), "horus_open");
    uint16_t port = 0;
    char address[32];
    must(horus_port(b, &port), "horus_port");
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    must(horus_meet(a, "cb", address), "horus_meet");

    const char *members[] = {"ca", "cb"};
    lwg *mine = NULL, *theirs = NULL;
    must(lwg_create(a, members, 2, PATIENCE_MS, &mine), "lwg_create");
    must(lwg_invited(b, PATIENCE_MS, &theirs), "lwg_invited");
    must(lwg_wait_members(mine, 2, PATIENCE_MS, NULL), "lwg_wait_members");

    lwg_sent *sent = NULL;
    const char *question = "how warm is it?";
    must(lwg_send(mine, 't', (const uint8_t *)question, strlen(question), &sent), "lwg_send");
    answer(a, mine, "20");
    answer(b, theirs, "21");
    int replies = 0;
    for (;;) {
        lwg_message *reply = NULL;
        int status = lwg_get_next_reply(sent, PATIENCE_MS, &reply);
        if (status == horus_status_END)
            break;
        must(status, "lwg_get_next_reply");
        size_t length = 0;
        const uint8_t *bytes = lwg_bytes(reply, &length);
        printf("%s answers: %.*s\n", lwg_from(reply), (int)length, (const char *)bytes);
        lwg_done(reply);
        replies += 1;
    }
    lwg_discard_replies(sent);
    printf("%d replies of %zu members\n", replies, lwg_member_count(mine));

    /* Who will not answer is named. */
    lwg_message *unanswered = NULL, *reply = NULL;
    must(lwg_send(mine, 'f', (const uint8_t *)question, strlen(question), &sent), "lwg_send");
    answer(a, mine, "20");
    must(lwg_receive(theirs, PATIENCE_MS, &unanswered), "lwg_receive");
    lwg_done(unanswered);
    must(lwg_get_next_reply(sent, PATIENCE_MS, &reply), "lwg_get_next_reply");
    lwg_done(reply);
    if (lwg_get_next_reply(sent, PATIENCE_MS, &reply) != horus_status_END ||
        lwg_declined(sent, 0) == NULL || strncmp(lwg_declined(sent, 0), "cb#", 3) != 0 ||
        lwg_declined(sent, 1) != NULL || lwg_lost(sent, 0) != NULL)
        return 1;
    lwg_discard_replies(sent);

    /* What cannot be is refused and explained. */
    if (lwg_send(mine, 'x', NULL, 0, NULL) != horus_status_WRONG || strlen(horus_error()) == 0)
        return 1;
    const char *gone[] = {"cb"};
    must(lwg_remove(mine, gone, 1, PATIENCE_MS), "lwg_remove");
    must(lwg_add(mine, gone, 1, PATIENCE_MS), "lwg_add");
    must(lwg_destroy(mine, PATIENCE_MS), "lwg_destroy");
    lwg_free(theirs);
    lwg_free(mine);
    horus_close(b);
    horus_close(a);
    return replies == 2 ? 0 : 1;
}
