/*
 * The load: N subscribers, P publishers, one server, every delivery checked.
 *
 *     load --port PORT [--protocol lines] [--mode window] [--subscribers 100] ...
 *
 * window  at most W lines that the first and the last subscriber have not both seen
 * paced   lines at a fixed rate, latency from when each was meant to be sent
 * idle    connect, and tell what a member costs in memory
 * storm   connect all at once, drop all, connect all at once again
 *
 * `--stalled K` of the subscribers never read. Prints one JSON object.
 */
#include "load.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum protocol protocol;
int nsubscribers = 100, ntalkers = 1, size = 64;
uint64_t received;

static const char *mode = "window";
static int port, window = 1000, pid, stalled, json, at_once = 64, drops = 2;
static double rate = 100, seconds = 2, patience = 30;
static struct member *all;
static int nmembers, hearers;
static uint32_t sent[TALKERS];
static uint64_t nsent;

void die(const char *why, ...)
{
    va_list values;
    va_start(values, why);
    vfprintf(stderr, why, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void settle(double quiet)
{
    uint64_t seen = received, since = now();
    for (uint64_t t = since; (double)(t - since) < quiet * 1e9; t = now()) {
        turn(10, NULL);
        if (received != seen) { seen = received; since = t; }
    }
}

static int count_ready(int reached)
{
    int n = 0;
    for (int i = 0; i < nmembers; i++)
        n += reached ? all[i].reached && (!all[i].talks || hearers > nsubscribers) : all[i].ready;
    return n;
}

/* Connect all, then probe until everybody has heard something; returns the seconds. */
static double come_in(int most_at_once)
{
    char probe[LARGEST + 64];
    size_t length = render(probe, 0, PROBE, 0, 0);
    uint64_t start = now(), probed = 0;
    for (int dialled = 0;;) {
        int ready = count_ready(0);
        while (dialled < nmembers && dialled - ready < most_at_once) dial(&all[dialled++], port);
        turn(5, NULL);
        uint64_t t = now();
        if (ready == nmembers && t - probed > 100000000) {
            if (probed && count_ready(1) >= hearers) break;
            write_to(&all[nsubscribers], probe, length);
            probed = t;
        }
        if (probed && count_ready(1) >= hearers) break;
        if ((double)(t - start) > patience * 1e9)
            die("only %d of %d came in, %d heard", ready, nmembers, count_ready(1));
    }
    return (double)(now() - start) / 1e9;
}

static void say(int by, uint32_t lines, uint64_t from, double every)
{
    static char out[(64 << 10) + LARGEST + 64];
    struct member *m = &all[nsubscribers + by];
    while (lines && !m->nlate) {
        size_t n = 0;
        uint64_t t = now();
        for (; lines && n < 64 << 10; lines--, nsent++) {
            if (every > 0) t = from + (uint64_t)(every * (double)nsent);
            n += render(out + n, by, SAID, sent[by]++, t);
        }
        write_to(m, out, n);
    }
}

static uint64_t start, stop;

/* Called after each member's turn: only the ends', and a few others', can make room. */
static void fill_window(struct member *m)
{
    if (m && m != all && m != &all[nsubscribers - 1] && m->number % 64) return;
    if (now() >= stop) return;
    uint64_t first = frames_of(all), last = frames_of(&all[nsubscribers - 1]);
    uint64_t room = (uint64_t)window - (nsent - (first < last ? first : last));
    if ((int64_t)room < ntalkers && room) {     /* less than one each: by turns */
        for (; room; room--) say((int)(nsent % (uint64_t)ntalkers), 1, 0, 0);
        return;
    }
    for (int by = 0; by < ntalkers && (int64_t)room > 0; by++)
        say(by, (uint32_t)(room / (uint64_t)ntalkers), 0, 0);
}

static void keep_pace(struct member *m)
{
    (void)m;
    uint64_t t = now() < stop ? now() : stop;
    uint64_t due = (uint64_t)((double)(t - start) / 1e9 * rate) + 1;
    while (nsent < due) say((int)(nsent % (uint64_t)ntalkers), 1, start, 1e9 / rate);
}

static uint64_t delivered(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < nmembers; i++)
        if (!all[i].stalls && (!all[i].talks || hears_others())) sum += frames_of(&all[i]);
    return sum;
}

static uint64_t expected(void)
{
    return nsent * (uint64_t)(nsubscribers - stalled)
           + (hears_others() ? nsent * (uint64_t)(ntalkers - 1) : 0);
}

/* Run until all that was said has arrived, or nothing has for 3 s; returns the seconds. */
static double run(void (*talk)(struct member *m), int wait_ms)
{
    start = now();
    stop = start + (uint64_t)(seconds * 1e9);
    uint64_t seen = received, moved = start;
    for (;;) {
        talk(NULL);
        turn(wait_ms, talk);
        uint64_t t = now();
        if (received != seen) { seen = received; moved = t; }
        if (t >= stop && delivered() >= expected() + faults.doubled) break;
        if ((double)(t - moved) > 3e9 && t >= stop) break;
    }
    return (double)(moved - start) / 1e9;
}

static void measure(void)
{
    int paced = !strcmp(mode, "paced");
    begin_checks(all, nmembers);
    for (int i = 0; i < nmembers; i++) {
        all[i].timed = paced || stalled || i == 0 || i == nsubscribers - 1;
        if (i > 0 && i <= stalled) {
            all[i].stalls = 1;
            stop_reading(&all[i]);
        }
    }
    uint64_t before = received;
    struct spent theirs = spent_by(pid), own = spent_by(getpid());
    double took = run(paced ? keep_pace : fill_window, paced ? 0 : 5);
    struct spent they = spent_by(pid), us = spent_by(getpid());
    double cpu = they.cpu - theirs.cpu;
    double wall = (double)(now() - start) / 1e9;
    uint64_t got = delivered(), want = expected(), lost = 0;
    for (int i = 0; i < nmembers; i++) lost += (uint64_t)(all[i].closed && !all[i].stalls);
    uint64_t missing = want + faults.doubled > got ? want + faults.doubled - got : 0;
    printf(", \"window\": %d, \"rate\": %.0f, \"sent\": %lu, \"delivered\": %lu, \"missing\": %lu,"
           " \"disordered\": %lu, \"doubled\": %lu, \"corrupt\": %lu, \"closed\": %lu, \"strayed\": %lu,"
           " \"seconds\": %.4f, \"per_second\": %.0f, \"bytes_per_second\": %.0f, \"cpu_us\": %.5f, \"server_load\": %.3f,"
           " \"generator_load\": %.3f, \"server_waited\": %.3f, \"generator_waited\": %.3f, \"line\": %lu, \"p50_ms\": %.4f, \"p99_ms\": %.4f, \"max_ms\": %.4f",
           window, rate, nsent, got, missing > faults.missing ? missing : faults.missing,
           faults.disordered, faults.doubled, faults.corrupt, lost, faults.strayed, took,
           (double)got / took, (double)(received - before) / took, cpu * 1e6 / (double)(got ? got : 1), cpu / wall,
           (us.cpu - own.cpu) / wall, (they.waited - theirs.waited) / wall, (us.waited - own.waited) / wall,
           line_length(), latency(0.5), latency(0.99), latency(1));
}

static void storm(void)
{
    printf(", \"storm_s\": [");
    for (int i = 0; i <= drops; i++) {
        for (int k = 0; i && k < nmembers; k++) close(all[k].fd);
        printf("%s%.4f", i ? ", " : "", come_in(nmembers));
        settle(0.3);
    }
    printf("]");
}

static void read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"port", 1, 0, 'p'}, {"protocol", 1, 0, 'x'}, {"mode", 1, 0, 'm'}, {"subscribers", 1, 0, 'n'},
        {"publishers", 1, 0, 't'}, {"size", 1, 0, 's'}, {"window", 1, 0, 'w'}, {"rate", 1, 0, 'r'},
        {"seconds", 1, 0, 'd'}, {"pid", 1, 0, 'i'}, {"stalled", 1, 0, 'k'}, {"json", 1, 0, 'j'},
        {"at-once", 1, 0, 'o'}, {"drops", 1, 0, 'D'}, {0, 0, 0, 0}};
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'x': protocol = (enum protocol)protocol_named(optarg); break;
        case 'm': mode = optarg; break;
        case 'n': nsubscribers = atoi(optarg); break;
        case 't': ntalkers = atoi(optarg); break;
        case 's': size = atoi(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 'r': rate = atof(optarg); break;
        case 'd': seconds = atof(optarg); break;
        case 'i': pid = atoi(optarg); break;
        case 'k': stalled = atoi(optarg); break;
        case 'j': json = atoi(optarg); break;
        case 'o': at_once = atoi(optarg); break;
        case 'D': drops = atoi(optarg); break;
        default: exit(2);
    }
    if (!port || nsubscribers < 1 || ntalkers < 1 || ntalkers > TALKERS || size < SMALLEST
        || size > LARGEST || stalled > nsubscribers - 2 * (stalled > 0))
        die("--port is needed; 1 to 256 publishers, 32 to 60000 bytes, two who don't stall");
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    begin_polling();
    nmembers = nsubscribers + ntalkers;
    hearers = nsubscribers + (hears_others() ? ntalkers - 1 : 0);
    if (!(all = calloc((size_t)nmembers, sizeof *all))) die("memory");
    for (int i = 0; i < nmembers; i++) {
        all[i].number = i;
        all[i].talks = i >= nsubscribers;
        all[i].json = i < json;
    }
    long before = resident(pid);
    int storms = !strcmp(mode, "storm");
    double came = storms ? 0 : come_in(at_once);
    if (!storms) settle(0.3);
    printf("{\"mode\": \"%s\", \"subscribers\": %d, \"publishers\": %d, \"size\": %d, \"came_in_s\": %.4f",
           mode, nsubscribers, ntalkers, size, came);
    printf(", \"member_kib\": %.3f", (double)(resident(pid) - before) / nmembers);
    if (storms) storm();
    else if (strcmp(mode, "idle")) measure();
    printf(", \"rss_kib\": %ld}\n", resident(pid));
    return 0;
}
