/* The connections: dialled, written to, read from, turn by turn. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static char input[256 << 10];
static int poller;

void begin_polling(void)
{
    poller = epoll_create1(0);
}

static void watch(struct member *m, int how)
{
    struct epoll_event e = {.data.ptr = m, .events = EPOLLIN};
    if (!m->connected || m->nlate) e.events |= EPOLLOUT;
    if (epoll_ctl(poller, how, m->fd, &e)) die("epoll_ctl: %s", strerror(errno));
}

void write_to(struct member *m, const char *bytes, size_t n)
{
    ssize_t taken = m->nlate ? 0 : send(m->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0) taken = 0;       /* a lost connection is found by reading */
    n -= (size_t)taken;
    if (!n) return;
    if (m->nlate + n > m->late_room) m->late = realloc(m->late, m->late_room = 2 * (m->nlate + n));
    if (!m->late) die("memory");
    memcpy(m->late + m->nlate, bytes + taken, n);
    m->nlate += n;
    if (m->nlate == n) watch(m, EPOLL_CTL_MOD);
}

static void write_late(struct member *m)
{
    ssize_t taken = send(m->fd, m->late, m->nlate, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken <= 0) return;
    memmove(m->late, m->late + taken, m->nlate -= (size_t)taken);
    if (!m->nlate) watch(m, EPOLL_CTL_MOD);
}

void dial(struct member *m, int port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    where.sin_port = htons((uint16_t)port);
    m->connected = m->ready = m->reached = m->closed = 0;
    m->npart = m->nlate = 0;
    m->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (m->fd < 0) die("socket: %s", strerror(errno));
    setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(m->fd, (struct sockaddr *)&where, sizeof where) && errno != EINPROGRESS)
        die("connect: %s", strerror(errno));
    watch(m, EPOLL_CTL_ADD);
}

static void read_from(struct member *m)
{
    ssize_t got = recv(m->fd, input, sizeof input, MSG_DONTWAIT);
    if (got > 0) { take(m, input, (size_t)got); return; }
    if (got < 0 && errno == EAGAIN) return;
    if (!m->ready) die("connection %d was closed while it came in", m->number);
    m->closed = 1;
    epoll_ctl(poller, EPOLL_CTL_DEL, m->fd, NULL);
}

void stop_reading(struct member *m)
{
    epoll_ctl(poller, EPOLL_CTL_DEL, m->fd, NULL);
}

/* Wait for what happens next; `meanwhile` is called often while it is handled. */
void turn(int wait_ms, void (*meanwhile)(struct member *m))
{
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, wait_ms);
    for (int i = 0; i < n; i++) {
        struct member *m = events[i].data.ptr;
        if (!m->connected) {
            m->connected = 1;
            watch(m, EPOLL_CTL_MOD);
            introduce(m);
            continue;
        }
        if (events[i].events & EPOLLOUT) write_late(m);
        if (events[i].events & ~(unsigned)EPOLLOUT) read_from(m);
        if (meanwhile) meanwhile(m);
    }
}
