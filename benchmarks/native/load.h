/* What the rooms of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>

/*
 * What a publisher says is HEAD bytes of its own, then filler to the size asked for:
 * '#', kind, publisher (2 hex digits), sequence (8), time in ns (16).
 */
enum { HEAD = 28, SMALLEST = 32, LARGEST = 60000, TALKERS = 256 };
enum kind { PROBE = 'P', SAID = 'M' };
enum protocol { LINES, CHAT, NATS, REDIS, MQTT, IRC };

/* What every member is sent, byte for byte, as the first that got it received it. */
struct stream;

struct member {
    int fd, number, talks, json, stalls;
    int timed;                      /* the latency of all that it is sent is taken */
    int connected, ready, step, reached, strayed, closed;
    struct stream *stream;
    uint64_t at;                    /* bytes of the stream that it has */
    uint64_t frame;                 /* whole frames of the stream whose latency was taken */
    uint64_t alone;                 /* frames since it strayed from the stream */
    uint32_t *next;                 /* each publisher's next line, once it has strayed */
    char *part, *late;              /* an unfinished frame; what the socket didn't take */
    size_t npart, part_room, nlate, late_room;
};

/* One frame of a protocol: its length, and what was said in it, or NULL. */
struct frame { size_t len; const char *said; };

struct said { int kind, by; uint32_t sequence; uint64_t when; };

/* load.c */
extern enum protocol protocol;
extern int nsubscribers, ntalkers, size;
extern uint64_t received;
void die(const char *why, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t now(void);

/* net.c: the connections */
void begin_polling(void);
void dial(struct member *m, int port);
void write_to(struct member *m, const char *bytes, size_t n);
void stop_reading(struct member *m);
void turn(int wait_ms, void (*meanwhile)(struct member *m));

/* wire.c: the protocols */
int protocol_named(const char *name);
int hears_others(void);             /* a publisher is a member like all others */
void introduce(struct member *m);
int next_frame(const char *bytes, size_t n, struct frame *f);
void answer(struct member *m, const char *bytes, const struct frame *f);
size_t render(char *out, int by, enum kind kind, uint32_t sequence, uint64_t when);

/* check.c: every delivery */
extern struct faults { uint64_t missing, disordered, doubled, corrupt, strayed; } faults;
void begin_checks(struct member *all, int n);
void take(struct member *m, const char *bytes, size_t n);
uint64_t frames_of(const struct member *m);
uint64_t line_length(void);

/* measure.c */
void add_latency(uint64_t ns);
double latency(double share);       /* in ms */
struct spent { double cpu, waited; };       /* in s; waited: ready, but without a core */
struct spent spent_by(int pid);     /* by all its threads */
long resident(int pid);             /* in KiB */

#endif
