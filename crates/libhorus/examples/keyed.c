/* Two processes on addresses of their own, with keys: what takes a program off its host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "horus.h"

#define PATIENCE_MS 20000
#define COUNT(list) (sizeof list / sizeof list[0])

static void must(int status, int expected, const char *what) {
    if (status != expected) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

/* What cannot be is refused, and the reason says what would be right. */
static void refused(const char *listen, const char *setting, int status, const char *right) {
    horus_tower *tower = NULL;
    must(horus_open_with("ka", listen, &setting, 1, &tower), status, setting);
    if (strstr(horus_error(), right) == NULL) {
        fprintf(stderr, "%s: %s\n", setting, horus_error());
        exit(1);
    }
}

/* Opens a tower with the keys and the state of this name in a directory. */
static horus_tower *opened(const char *name, const char *listen, const char *dir, const char *peer) {
    char keys[512], state[512];
    snprintf(keys, sizeof keys, "key_file=%s/%s.keys", dir, name);
    snprintf(state, sizeof state, "state = %s", dir);
    const char *settings[] = {keys, state, "profile=lan", "policy=adaptive", "k=2", peer};
    horus_tower *tower = NULL;
    must(horus_open_with(name, listen, settings, COUNT(settings), &tower), horus_status_OK, listen);
    return tower;
}

/* The other process: says where it listens, and answers one question. */
static int other(const char *dir, int told) {
    horus_tower *tower = opened("kb", "127.0.0.3:0", dir, "causality=group");
    uint16_t port = 0;
    lwg *group = NULL;
    lwg_message *message = NULL;
    must(horus_port(tower, &port), horus_status_OK, "horus_port");
    if (write(told, &port, sizeof port) != sizeof port)
        return 1;
    must(lwg_invited(tower, PATIENCE_MS, &group), horus_status_OK, "lwg_invited");
    must(lwg_receive(group, PATIENCE_MS, &message), horus_status_OK, "lwg_receive");
    must(lwg_reply(message, (const uint8_t *)"kb", 2), horus_status_OK, "lwg_reply");
    /* Until the first has heard it, and is gone. */
    while (lwg_receive(group, PATIENCE_MS, &message) == horus_status_OK)
        lwg_done(message);
    lwg_free(group);
    horus_close(tower);
    return 0;
}

int main(int count, char **words) {
    int pipes[2];
    if (count != 2 || pipe(pipes) != 0) {
        fprintf(stderr, "usage: keyed DIRECTORY, which has ka.keys and kb.keys\n");
        return 2;
    }
    pid_t child = fork();
    if (child == 0)
        return other(words[1], pipes[1]);
    close(pipes[1]);
    refused("127.0.0.2:0", "speed=9", horus_status_WRONG, "the keys are");
    refused("127.0.0.2:0", "profile=fast", horus_status_WRONG, "local, lan, wan");
    refused("127.0.0.2", "insecure=true", horus_status_WRONG, "listen: `127.0.0.2`");
    refused("0.0.0.0:0", "insecure=false", horus_status_FAILED, "horus keygen");
    refused(NULL, "insecure=true", horus_status_WRONG, "a daemon");

    uint16_t port = 0;
    char peer[64];
    if (read(pipes[0], &port, sizeof port) != sizeof port)
        return 1;
    snprintf(peer, sizeof peer, "peer=kb=127.0.0.3:%u", port);
    /* With keys it may be reached from outside. */
    horus_tower *tower = opened("ka", "0.0.0.0:0", words[1], peer);
    const char *both[] = {"ka", "kb"};
    lwg *group = NULL;
    lwg_sent *sent = NULL;
    lwg_message *message = NULL;
    must(lwg_create(tower, both, 2, PATIENCE_MS, &group), horus_status_OK, "lwg_create");
    must(lwg_send(group, 't', (const uint8_t *)"who?", 4, &sent), horus_status_OK, "lwg_send");
    must(lwg_receive(group, PATIENCE_MS, &message), horus_status_OK, "lwg_receive");
    lwg_done(message);
    must(lwg_get_next_reply(sent, PATIENCE_MS, &message), horus_status_OK, "lwg_get_next_reply");
    printf("%s answers over sealed links\n", lwg_from(message));
    lwg_done(message);
    lwg_discard_replies(sent);
    must(lwg_destroy(group, PATIENCE_MS), horus_status_OK, "lwg_destroy");
    lwg_free(group);
    int ended = 0;
    if (waitpid(child, &ended, 0) != child || ended != 0)
        return 1;
    horus_close(tower);
    return 0;
}
