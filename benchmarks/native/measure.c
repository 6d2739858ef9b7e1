/* What is measured: latencies in a histogram, CPU time and memory from /proc. */
#include "load.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* Buckets of 1/128 of a power of two: an error below 0.8 %. */
enum { FINE = 7, BUCKETS = 64 << FINE };
static uint64_t buckets[BUCKETS], counted;

void add_latency(uint64_t ns)
{
    int top = ns >> FINE ? 63 - __builtin_clzll(ns) : FINE, shift = top - FINE;
    buckets[((uint64_t)shift << FINE) + (ns >> shift)]++;
    counted++;
}

double latency(double share)
{
    uint64_t wanted = (uint64_t)(share * (double)counted), before = 0;
    for (uint64_t i = 0; i < BUCKETS; i++) {
        before += buckets[i];
        if (!buckets[i] || before < wanted) continue;
        uint64_t shift = i >> FINE ? (i >> FINE) - 1 : 0;
        return (double)((i - (shift << FINE)) << shift) / 1e6;
    }
    return 0;
}

struct spent spent_by(int pid)
{
    char path[600];
    unsigned long long ran, waited;
    struct spent sum = {0, 0};
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = pid ? opendir(path) : NULL;
    if (!tasks) return sum;
    for (struct dirent *task; (task = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file) continue;
        if (fscanf(file, "%llu %llu", &ran, &waited) == 2) {
            sum.cpu += (double)ran / 1e9;
            sum.waited += (double)waited / 1e9;
        }
        fclose(file);
    }
    closedir(tasks);
    return sum;
}

long resident(int pid)
{
    char path[64];
    long whole, pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &whole, &pages) != 2) pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}
