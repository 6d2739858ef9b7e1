/*
 * The checks of every delivery, at little cost.
 *
 * Everybody is sent the same, so it is read once: whoever gets a piece first parses it
 * (publisher, sequence, every byte of the filler) and adds it to the stream; all the
 * others' bytes only have to equal it, which memcmp tells at memory speed, whatever
 * prefix stands before a line. That also holds everybody to one order. Who differs
 * (a private answer, another order, its own lines left out) is parsed by itself from
 * there on: such a member has strayed.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RING = 16 << 20, INDEX = RING / SMALLEST };
#define AGAIN SIZE_MAX

struct stream {
    char *bytes;                    /* RING of them, mapped twice in a row */
    uint64_t end, frames;
    uint64_t ends[INDEX], whens[INDEX];
    uint32_t next[TALKERS];
};

struct faults faults;
static struct stream streams[2];    /* text (or the protocol's own), json */
static struct member *everybody;
static int nmembers;
static char filler[LARGEST];

static char *map_twice(void)
{
    int file = memfd_create("stream", 0);
    if (file < 0 || ftruncate(file, RING)) die("no memory file");
    char *at = mmap(NULL, 2 * (size_t)RING, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 2; i++)
        if (at == MAP_FAILED || mmap(at + i * (size_t)RING, RING, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
            die("no memory for the stream");
    close(file);
    return at;
}

/* From here on everything is checked; all must be at a frame's end. */
void begin_checks(struct member *all, int n)
{
    everybody = all;
    nmembers = n;
    for (size_t i = 0; i < LARGEST; i++) filler[i] = (char)('a' + i % 26);
    for (int i = 0; i < 2; i++) streams[i].bytes = map_twice();
    for (int i = 0; i < n; i++) {
        all[i].stream = &streams[all[i].json];
        if (!all[i].talks) continue;
        all[i].strayed = 1;         /* its own lines are left out */
        all[i].next = calloc(TALKERS, sizeof *all[i].next);
    }
}

static uint64_t number(const char *at, int digits)
{
    uint64_t value = 0;
    for (; digits--; at++) value = value << 4 | (uint64_t)(*at > '9' ? *at - 'a' + 10 : *at - '0');
    return value;
}

static struct said read_said(const char *at)
{
    struct said s = {at[1], (int)number(at + 2, 2), (uint32_t)number(at + 4, 8), number(at + 12, 16)};
    size_t rest = (size_t)size - 1 - HEAD;
    faults.corrupt += at[0] != '#' || memcmp(at + HEAD, filler + HEAD, rest);
    return s;
}

static void check_order(uint32_t *next, const struct said *s)
{
    if (s->by >= ntalkers) { faults.corrupt++; return; }
    uint32_t expected = next[s->by];
    if (s->sequence >= expected) {
        faults.missing += s->sequence - expected;
        next[s->by] = s->sequence + 1;
    } else if (faults.missing) {    /* it was thought to be missing */
        faults.missing--;
        faults.disordered++;
    } else {
        faults.doubled++;
    }
}

static uint64_t frames_before(const struct stream *s, uint64_t at)
{
    uint64_t low = s->frames > INDEX ? s->frames - INDEX : 0, high = s->frames;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (s->ends[middle % INDEX] <= at) low = middle + 1;
        else high = middle;
    }
    return low;
}

static uint64_t starts(const struct stream *s, uint64_t frame)
{
    return frame ? s->ends[(frame - 1) % INDEX] : 0;
}

uint64_t frames_of(const struct member *m)
{
    return m->alone + (m->strayed ? 0 : frames_before(m->stream, m->at));
}

uint64_t line_length(void)
{
    return streams[0].frames ? streams[0].end / streams[0].frames : 0;
}

static void keep_part(struct member *m, const char *bytes, size_t n)
{
    if (n > m->part_room && !(m->part = realloc(m->part, m->part_room = 2 * n))) die("memory");
    memmove(m->part, bytes, n);
    m->npart = n;
}

/* The member is checked by itself from here on: what it has is counted. */
static void stray(struct member *m)
{
    struct stream *s = m->stream;
    uint64_t has = frames_before(s, m->at);
    uint64_t start = starts(s, has);
    if (m->at > start) keep_part(m, s->bytes + start % RING, (size_t)(m->at - start));
    m->alone = has;
    m->strayed = 1;
    m->next = malloc(sizeof s->next);
    memcpy(m->next, s->next, sizeof s->next);
    for (uint64_t i = s->frames; i-- > has;) {
        uint64_t from = starts(s, i);
        struct frame f;
        next_frame(s->bytes + from % RING, s->ends[i % INDEX] - from, &f);
        struct said one = read_said(f.said);
        if (one.by < ntalkers) m->next[one.by] = one.sequence;
    }
    faults.strayed++;
}

/* Nobody may be so far behind that its place is overwritten. */
static void make_room(struct stream *s, size_t n)
{
    static uint64_t checked[2];
    uint64_t *last = &checked[s - streams];
    if (s->end + n - *last < RING / 4) return;
    *last = s->end;
    for (int i = 0; i < nmembers; i++)
        if (everybody[i].stream == s && !everybody[i].strayed && !everybody[i].stalls
            && s->end - everybody[i].at > RING / 2)
            stray(&everybody[i]);
}

/* Add a frame to the stream, if it is just what must come next; tell whether it is. */
static int add(struct stream *s, const char *bytes, const struct frame *f)
{
    uint64_t corrupt = faults.corrupt;
    struct said one = read_said(f->said);
    if (faults.corrupt > corrupt || one.by >= ntalkers || one.sequence != s->next[one.by]) {
        faults.corrupt = corrupt;   /* it is told of its member, who strays */
        return 0;
    }
    s->next[one.by]++;
    make_room(s, f->len);
    memcpy(s->bytes + s->end % RING, bytes, f->len);
    s->end += f->len;
    s->ends[s->frames % INDEX] = s->end;
    s->whens[s->frames++ % INDEX] = one.when;
    return 1;
}

/* Keep `back` bytes of the stream at the member's place, and then these. */
static void put_before(struct member *m, size_t back, const char *bytes, size_t n)
{
    char *joined = malloc(back + n);
    memcpy(joined, m->stream->bytes + m->at % RING, back);
    memcpy(joined + back, bytes, n);
    keep_part(m, joined, back + n);
    free(joined);
}

/* One frame that isn't simply what the stream says; returns its length, 0 if unfinished. */
static size_t take_frame(struct member *m, const char *bytes, size_t n)
{
    struct frame f;
    if (!next_frame(bytes, n, &f)) return 0;
    if (!f.said) { answer(m, bytes, &f); return f.len; }
    m->reached = 1;
    if (!m->stream) return f.len;   /* still coming in: a probe */
    int is_ahead = !m->strayed && m->at == m->stream->end;
    if (is_ahead && add(m->stream, bytes, &f)) {
        m->at = m->stream->end;
        return f.len;
    }
    if (!m->strayed) stray(m);
    struct said one = read_said(f.said);
    check_order(m->next, &one);
    m->alone++;
    if (m->timed) add_latency(now() - one.when);
    return f.len;
}

static void add_latencies(struct member *m)
{
    uint64_t at = now();
    struct stream *s = m->stream;
    for (; m->frame < s->frames && s->ends[m->frame % INDEX] <= m->at; m->frame++)
        add_latency(at - s->whens[m->frame % INDEX]);
}

/* How many of the bytes equal the stream from the member's place on. */
static size_t matching(struct member *m, const char *bytes, size_t n)
{
    const struct stream *s = m->stream;
    const char *same = s->bytes + m->at % RING;
    size_t known = (size_t)(s->end - m->at), most = n < known ? n : known, i = 0;
    if (!memcmp(bytes, same, most)) return most;
    while (bytes[i] == same[i]) i++;
    return i;
}

/* Take bytes; return how many: all but an unfinished frame. AGAIN: with m->part. */
static size_t take_some(struct member *m, const char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        if (m->stream && !m->strayed && m->at < m->stream->end) {
            size_t same = matching(m, bytes + done, n - done);
            m->at += same;
            done += same;
            if (done == n) break;
            uint64_t from = starts(m->stream, frames_before(m->stream, m->at));
            size_t back = (size_t)(m->at - from);   /* it differs amid a frame */
            m->at = from;
            if (back > done) {          /* and what it had of that came earlier */
                put_before(m, back, bytes + done, n - done);
                return AGAIN;
            }
            done -= back;
        }
        size_t one = take_frame(m, bytes + done, n - done);
        if (!one) break;
        done += one;
    }
    return done;
}

void take(struct member *m, const char *bytes, size_t n)
{
    received += n;
    if (m->npart) {
        size_t before = m->npart;
        if (before + n > m->part_room && !(m->part = realloc(m->part, m->part_room = 2 * (before + n))))
            die("memory");
        memcpy(m->part + before, bytes, n);
        bytes = m->part;
        n += before;
        m->npart = 0;
    }
    size_t done;
    while ((done = take_some(m, bytes, n)) == AGAIN) {
        bytes = m->part;
        n = m->npart;
        m->npart = 0;
    }
    if (done < n) keep_part(m, bytes + done, n - done);
    if (m->timed && m->stream && !m->strayed) add_latencies(m);
}
