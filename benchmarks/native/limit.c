/*
 * The limit: a broadcaster with nothing else to do, to compare others with.
 *
 * One thread, one epoll. What a turn reads is gathered in one buffer, and at the
 * turn's end every member is sent all of it but its own lines, with one system call.
 * Names, checks, numbers, history: none. What a socket doesn't take is copied; while
 * somebody is more than HIGH bytes behind nobody is read, so nothing is ever lost.
 *
 *     limit        prints "listening on 127.0.0.1:PORT"
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, TURN = 512 << 10, HIGH = 1 << 20, EVENTS = 512, SPANS = 1000 };

struct member {
    int fd, place, gone, waits, unread, spoke;
    char *part, *late;              /* an unfinished line; what the socket didn't take */
    size_t npart, late_at, late_end, late_room;
};

struct span { struct member *by; size_t from, to; };

static char said[TURN + 2 * CHUNK];
static size_t nsaid;
static struct span spans[SPANS];
static int nspans, poller, nmembers, room, far_behind, nunread;
static struct member **members;
static struct member *departed[1 << 16];
static int ndeparted;

static void watch(struct member *m, int how)
{
    struct epoll_event e = {.data.ptr = m};
    if (!m->unread) e.events |= EPOLLIN;
    if (m->waits) e.events |= EPOLLOUT;
    if (epoll_ctl(poller, how, m->fd, &e)) { perror("epoll_ctl"); exit(1); }
}

static void leave(struct member *m)
{
    if (m->gone) return;
    m->gone = 1;
    far_behind -= m->late_end - m->late_at > HIGH;
    close(m->fd);
    members[m->place] = members[--nmembers];
    members[m->place]->place = m->place;
    departed[ndeparted++] = m;      /* events of this turn may still name it */
}

static void keep(struct member *m, const char *bytes, size_t n)
{
    size_t had = m->late_end - m->late_at;
    if (m->late_end + n > m->late_room) {
        m->late_room = 2 * (had + n);
        char *grown = malloc(m->late_room);
        if (!grown) abort();
        if (had) memcpy(grown, m->late + m->late_at, had);
        free(m->late);
        m->late = grown;
        m->late_at = 0;
        m->late_end = had;
    }
    memcpy(m->late + m->late_end, bytes, n);
    m->late_end += n;
    far_behind += had <= HIGH && had + n > HIGH;
    if (!m->waits) { m->waits = 1; watch(m, EPOLL_CTL_MOD); }
}

static void give(struct member *m, struct iovec *pieces, int n)
{
    ssize_t taken = 0;
    if (!m->waits) {
        struct msghdr all = {.msg_iov = pieces, .msg_iovlen = (size_t)n};
        int how = MSG_NOSIGNAL | MSG_DONTWAIT;
        taken = n == 1 ? send(m->fd, pieces->iov_base, pieces->iov_len, how)
                       : sendmsg(m->fd, &all, how);
        if (taken < 0 && errno != EAGAIN) { leave(m); return; }
        if (taken < 0) taken = 0;
    }
    for (int i = 0; i < n; i++) {
        size_t len = pieces[i].iov_len, skip = (size_t)taken < len ? (size_t)taken : len;
        taken -= (ssize_t)skip;
        if (skip < len) keep(m, (char *)pieces[i].iov_base + skip, len - skip);
    }
}

/* All that was said but by m itself, in as few pieces as can be. */
static int others(struct member *m, struct iovec *pieces)
{
    size_t from = 0;
    int n = 0;
    for (int i = 0; i < nspans; i++) {
        if (spans[i].by != m) continue;
        if (spans[i].from > from)
            pieces[n++] = (struct iovec){said + from, spans[i].from - from};
        from = spans[i].to;
    }
    if (nsaid > from) pieces[n++] = (struct iovec){said + from, nsaid - from};
    return n;
}

static void end_turn(void)
{
    if (!nsaid) return;
    for (int i = nmembers; i--;) {
        struct iovec pieces[SPANS + 1] = {{said, nsaid}};
        struct member *m = members[i];
        int n = m->spoke ? others(m, pieces) : 1;
        m->spoke = 0;
        if (n) give(m, pieces, n);
    }
    nsaid = 0;
    nspans = 0;
}

static void hear(struct member *m)
{
    if (far_behind) { nunread += !m->unread; m->unread = 1; watch(m, EPOLL_CTL_MOD); return; }
    if (nsaid > TURN || nspans == SPANS) end_turn();
    char *at = said + nsaid;
    if (m->npart) memcpy(at, m->part, m->npart);
    ssize_t got = recv(m->fd, at + m->npart, CHUNK, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { leave(m); return; }
    size_t n = m->npart + (size_t)got;
    char *end = memrchr(at, '\n', n);
    size_t whole = end ? (size_t)(end + 1 - at) : 0;
    m->npart = n - whole;
    if (m->npart >= CHUNK) { leave(m); return; }
    if (m->npart) {
        if (!m->part && !(m->part = malloc(CHUNK))) abort();
        memcpy(m->part, at + whole, m->npart);
    }
    if (!whole) return;
    spans[nspans++] = (struct span){m, nsaid, nsaid + whole};
    nsaid += whole;
    m->spoke = 1;
}

static void catch_up(struct member *m)
{
    size_t had = m->late_end - m->late_at;
    ssize_t n = send(m->fd, m->late + m->late_at, had, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) { leave(m); return; }
    if (n > 0) m->late_at += (size_t)n;
    far_behind -= had > HIGH && m->late_end - m->late_at <= HIGH;
    if (m->late_at < m->late_end) return;
    m->late_at = m->late_end = 0;
    m->waits = 0;
    watch(m, EPOLL_CTL_MOD);
}

static void let_in(int listener)
{
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct member *m = calloc(1, sizeof *m);
        if (nmembers == room) members = realloc(members, sizeof *members * (size_t)(room += 4096));
        if (!m || !members) abort();
        m->fd = fd;
        m->place = nmembers;
        members[nmembers++] = m;
        watch(m, EPOLL_CTL_ADD);
    }
}

static int listen_somewhere(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&where, size) || listen(fd, 4096)
        || getsockname(fd, (struct sockaddr *)&where, &size)) { perror("listen"); exit(1); }
    printf("listening on 127.0.0.1:%d\n", ntohs(where.sin_port));
    fflush(stdout);
    return fd;
}

static void read_on(void)
{
    nunread = 0;
    for (int i = 0; i < nmembers; i++)
        if (members[i]->unread) { members[i]->unread = 0; watch(members[i], EPOLL_CTL_MOD); }
}

int main(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    poller = epoll_create1(0);
    int listener = listen_somewhere();
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN}};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, events);
    for (;;) {
        int n = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct member *m = events[i].data.ptr;
            if (!m) { let_in(listener); continue; }
            if (!m->gone && events[i].events & EPOLLOUT && m->waits) catch_up(m);
            if (!m->gone && events[i].events & ~(unsigned)EPOLLOUT) hear(m);
        }
        end_turn();
        if (nunread && !far_behind) read_on();
        while (ndeparted) {
            struct member *m = departed[--ndeparted];
            free(m->part);
            free(m->late);
            free(m);
        }
    }
}
