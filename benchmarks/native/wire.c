/*
 * The protocols: how to come in, what a frame is, how to say a line.
 *
 * `lines` is bare lines, `chat` the daemon's introduction (publishers are named, so
 * that each line gains 9 bytes) with text or json lines coming out. What was said is
 * found from a line's end: whatever stands before it costs nothing.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"lines", "chat", "nats", "redis", "mqtt", "irc"};

int protocol_named(const char *name)
{
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (!strcmp(names[i], name)) return i;
    die("no protocol is called %s", name);
}

int hears_others(void)
{
    return protocol == LINES || protocol == CHAT || protocol == IRC;
}

static void tell(struct member *m, const char *text)
{
    write_to(m, text, strlen(text));
}

void introduce(struct member *m)
{
    char text[128];
    m->ready = protocol == LINES || protocol == CHAT || (protocol == REDIS && m->talks);
    switch (protocol) {
    case LINES: break;
    case CHAT:
        if (m->json) tell(m, "/format json\n");
        snprintf(text, sizeof text, "/name talk%03d\n", m->number - nsubscribers);
        if (m->talks) tell(m, text);
        break;
    case NATS:
        tell(m, "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n");
        if (!m->talks) tell(m, "SUB c 1\r\n");
        tell(m, "PING\r\n");
        break;
    case REDIS:
        if (!m->talks) tell(m, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n");
        break;
    case MQTT:                      /* 3.1.1, a clean session, keep-alive 10 min, id b00000 */
        memcpy(text, "\x10\x12\0\4MQTT\4\2\2\x58\0\6b", 15);
        snprintf(text + 15, 6, "%05d", m->number);
        write_to(m, text, 20);
        break;
    case IRC:
        snprintf(text, sizeof text, "NICK b%d\r\nUSER b 0 * :b\r\n", m->number);
        tell(m, text);
        break;
    }
}

static int is_said(const char *at)
{
    return at[0] == '#' && (at[1] == SAID || at[1] == PROBE);
}

static int line_frame(const char *bytes, size_t n, struct frame *f)
{
    const char *end = memchr(bytes, '\n', n);
    if (!end) return 0;
    f->len = (size_t)(end + 1 - bytes);
    size_t body = (size_t)size - 1, line = f->len - 1;
    if (line && bytes[line - 1] == '\r') line--;
    if (line >= body && is_said(bytes + line - body)) f->said = bytes + line - body;
    else if (line >= body + 2 && bytes[line - 1] == '}' && is_said(bytes + line - body - 2))
        f->said = bytes + line - body - 2;      /* json: ..."text":"#M..."} */
    return 1;
}

static int nats_frame(const char *bytes, size_t n, struct frame *f)
{
    const char *end = memchr(bytes, '\n', n);
    if (!end) return 0;
    f->len = (size_t)(end + 1 - bytes);
    if (n < 4 || memcmp(bytes, "MSG ", 4)) return 1;
    const char *space = memrchr(bytes, ' ', f->len);
    size_t body = strtoul(space + 1, NULL, 10);
    f->said = end + 1;
    f->len += body + 2;
    return f->len <= n;
}

/* A value of Redis' protocol: its length, 0 while it is unfinished. */
static size_t redis_value(const char *bytes, size_t n, const char **last)
{
    const char *end = memchr(bytes, '\n', n);
    if (!end) return 0;
    size_t head = (size_t)(end + 1 - bytes), len = head;
    if (bytes[0] == '$') {
        *last = end + 1;
        return (len += strtoul(bytes + 1, NULL, 10) + 2) <= n ? len : 0;
    }
    for (long i = bytes[0] == '*' ? strtol(bytes + 1, NULL, 10) : 0; i > 0; i--) {
        size_t part = redis_value(bytes + len, n - len, last);
        if (!part) return 0;
        len += part;
    }
    return len;
}

static int redis_frame(const char *bytes, size_t n, struct frame *f)
{
    const char *last = NULL;
    f->len = redis_value(bytes, n, &last);
    size_t left = last ? n - (size_t)(last - bytes) : 0;
    if (f->len && left >= HEAD && is_said(last)) f->said = last;
    return f->len > 0;
}

static int mqtt_frame(const char *bytes, size_t n, struct frame *f)
{
    size_t len = 0, at = 1;
    for (int shift = 0;; shift += 7, at++) {
        if (at >= n) return 0;
        len |= (size_t)(bytes[at] & 127) << shift;
        if (!(bytes[at] & 128)) break;
    }
    f->len = ++at + len;
    if ((bytes[0] & 0xf0) == 0x30) f->said = bytes + at + 3;    /* the topic is "c" */
    return f->len <= n;
}

int next_frame(const char *bytes, size_t n, struct frame *f)
{
    *f = (struct frame){0, NULL};
    switch (protocol) {
    case NATS: return nats_frame(bytes, n, f);
    case REDIS: return redis_frame(bytes, n, f);
    case MQTT: return mqtt_frame(bytes, n, f);
    default: return line_frame(bytes, n, f);
    }
}

static void answer_irc(struct member *m, const char *line)
{
    char text[600], token[512];
    int code;
    if (sscanf(line, "PING %511s", token) == 1) {
        snprintf(text, sizeof text, "PONG %s\r\n", token);
        tell(m, text);
    } else if (sscanf(line, ":%*s %d", &code) == 1 && code == 1) {
        tell(m, "JOIN #c\r\n");
    } else if (sscanf(line, ":%*s %d", &code) == 1 && code == 366) {
        m->ready = 1;
    }
}

/* What is no line of ours: a greeting, a ping, an acknowledgement. */
void answer(struct member *m, const char *bytes, const struct frame *f)
{
    char line[512];
    size_t n = f->len < sizeof line ? f->len : sizeof line - 1;
    memcpy(line, bytes, n);
    line[n] = 0;
    int type = line[0] & 0xf0;      /* of an MQTT packet */
    switch (protocol) {
    case NATS:
        if (!strncmp(line, "PING", 4)) tell(m, "PONG\r\n");
        else if (!strncmp(line, "PONG", 4)) m->ready = 1;
        else if (line[0] == '-') die("nats: %s", line);
        break;
    case REDIS:
        if (line[0] == '-') die("redis: %s", line);
        m->ready = 1;
        break;
    case MQTT:
        if (type == 0x20 && !m->talks) write_to(m, "\x82\x06\0\1\0\1c\0", 8);
        else if (type == 0x20 || type == 0x90) m->ready = 1;
        break;
    case IRC: answer_irc(m, line); break;
    default: break;
    }
}

/* One line of publisher `by`, as it goes on the wire. */
size_t render(char *out, int by, enum kind kind, uint32_t sequence, uint64_t when)
{
    size_t body = (size_t)size - 1, n = 0;
    if (protocol == NATS) n = (size_t)sprintf(out, "PUB c %zu\r\n", body);
    if (protocol == REDIS)
        n = (size_t)sprintf(out, "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$%zu\r\n", body);
    if (protocol == IRC) n = (size_t)sprintf(out, "PRIVMSG #c :");
    if (protocol == MQTT) {
        out[n++] = 0x30;
        size_t rest = body + 3;
        for (; rest > 127; rest >>= 7) out[n++] = (char)(rest | 128);
        out[n++] = (char)rest;
        memcpy(out + n, "\0\1c", 3);
        n += 3;
    }
    static const char digits[] = "0123456789abcdef";
    char *at = out + n;
    *at++ = '#';
    *at++ = (char)kind;
    for (int shift = 8; shift; ) *at++ = digits[by >> (shift -= 4) & 15];
    for (int shift = 32; shift; ) *at++ = digits[sequence >> (shift -= 4) & 15];
    for (int shift = 64; shift; ) *at++ = digits[when >> (shift -= 4) & 15];
    for (size_t i = HEAD; i < body; i++) *at++ = (char)('a' + i % 26);
    n += body;
    if (protocol == NATS || protocol == REDIS || protocol == IRC) out[n++] = '\r';
    if (protocol != MQTT) out[n++] = '\n';
    return n;
}
