/* Sends from outside a group in C: through a member of an open one, and beside a relaxed one. */
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

static horus_tower *opened(const char *name) {
    horus_tower *tower = NULL;
    must(horus_open(name, "127.0.0.1:0", &tower), "horus_open");
    return tower;
}

static void meet(horus_tower *one, horus_tower *other, const char *name) {
    uint16_t port = 0;
    char address[32];
    must(horus_port(other, &port), "horus_port");
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    must(horus_meet(one, name, address), "horus_meet");
}

/* Receives one message of a sender and answers it, if there is anything to say. */
static void hear(lwg *group, const char *from, const char *with) {
    lwg_message *message = NULL;
    must(lwg_receive(group, PATIENCE_MS, &message), "lwg_receive");
    if (strncmp(lwg_from(message), from, strlen(from)) != 0) {
        fprintf(stderr, "from %s, not %s\n", lwg_from(message), from);
        exit(1);
    }
    if (with == NULL)
        lwg_done(message);
    else
        must(lwg_reply(message, (const uint8_t *)with, strlen(with)), "lwg_reply");
}

/* Counts the replies until there can be no more. */
static int replies(lwg_sent *sent) {
    int count = 0;
    lwg_message *reply = NULL;
    int status;
    while ((status = lwg_get_next_reply(sent, PATIENCE_MS, &reply)) == horus_status_OK) {
        lwg_done(reply);
        count += 1;
    }
    if (status != horus_status_END)
        must(status, "lwg_get_next_reply");
    return count;
}

int main(void) {
    horus_tower *a = opened("oa"), *b = opened("ob"), *c = opened("oc");
    meet(a, b, "ob");
    meet(a, c, "oc");
    meet(b, c, "oc");
    meet(b, a, "oa");
    meet(c, a, "oa");
    meet(c, b, "ob");
    const char *all[] = {"oa", "ob", "oc"}, *gone[] = {"ob"};
    const uint8_t *text = (const uint8_t *)"how warm is it?";
    size_t length = strlen((const char *)text);

    /* A group of all three: the core group that the relaxed one shares. */
    lwg *whole = NULL, *there = NULL;
    must(lwg_create(a, all, 3, PATIENCE_MS, &whole), "lwg_create");
    must(lwg_invited(c, PATIENCE_MS, &there), "lwg_invited");
    lwg *unused = NULL;
    must(lwg_invited(b, PATIENCE_MS, &unused), "lwg_invited");

    lwg *open = NULL, *open_too = NULL, *readers = NULL, *readers_too = NULL;
    must(lwg_create_with(a, all, 2, PATIENCE_MS, 1, 0, &open), "lwg_create_with");
    must(lwg_invited(b, PATIENCE_MS, &open_too), "lwg_invited");
    must(lwg_create_with(a, all, 2, PATIENCE_MS, 0, 1, &readers), "lwg_create_with");
    must(lwg_invited(b, PATIENCE_MS, &readers_too), "lwg_invited");
    lwg_name asked = {0, 0}, sensed = {0, 0};
    must(lwg_name_of(open_too, &asked), "lwg_name_of");
    must(lwg_name_of(readers, &sensed), "lwg_name_of");

    /* Everybody in an open group answers who is outside. */
    lwg_sent *sent = NULL;
    must(lwg_send_through(c, "ob", PATIENCE_MS, asked, 't', text, length, &sent), "through");
    hear(open, "oc#", "20");
    hear(open_too, "oc#", "21");
    int told = replies(sent);
    lwg_discard_replies(sent);

    /* One that is not open is entered by nobody: the member that was asked is named. */
    must(lwg_name_of(whole, &asked), "lwg_name_of");
    must(lwg_send_through(c, "ob", PATIENCE_MS, asked, 'f', text, length, &sent), "through");
    if (replies(sent) != 0 || lwg_lost(sent, 0) == NULL ||
        strncmp(lwg_lost(sent, 0), "ob#", 3) != 0)
        return 1;
    lwg_discard_replies(sent);

    /* A sensor has heard that the readers are there, and is in no group of theirs. */
    must(lwg_send(whole, 'c', text, length, NULL), "lwg_send");
    hear(there, "oa#", NULL);
    for (int reading = 0; reading < 10; reading++)
        must(lwg_send_beside(c, sensed, 'f', text, length), "lwg_send_beside");
    for (int reading = 0; reading < 10; reading++) {
        hear(readers, "oc#", NULL);
        hear(readers_too, "oc#", NULL);
    }
    must(lwg_remove(readers_too, gone, 1, PATIENCE_MS), "lwg_remove");
    printf("10 readings, and %d replies to who is outside\n", told);

    lwg *groups[] = {whole, there, unused, open, open_too, readers, readers_too};
    for (size_t at = 0; at < sizeof groups / sizeof groups[0]; at++)
        lwg_free(groups[at]);
    horus_close(c);
    horus_close(b);
    horus_close(a);
    return told == 2 ? 0 : 1;
}
