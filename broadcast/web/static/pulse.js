// The pulse: when to ping, and when a connection is dead. It is told the time, and
// counts from its pings, not from its own ticks: a hidden tab is woken once a minute.

export const TICK = 2500;
const EVERY = 15000;
const PATIENCE = 5000;
const LATE = 3 * TICK;

export class Pulse {
  begin(now) {
    this.heardAt = now;
    this.tickedAt = now;
    this.pingedAt = now;
    this.isAwaited = false;
    this.isExcused = false;
  }

  heard(now) {
    this.heardAt = now;
    this.isAwaited = false;
    this.isExcused = false;
  }

  pinged(now) {
    this.pingedAt = now;
    this.isAwaited = true;
  }

  // Returns "ping", "dead" or "".
  tick(now) {
    const isLate = now - this.tickedAt > LATE;
    this.tickedAt = now;
    if (!this.isAwaited) return now - this.pingedAt >= EVERY || isLate ? "ping" : "";
    if (now - this.pingedAt < PATIENCE) return "";
    // The page slept: the answer may be there already, and not have been read.
    if (isLate && !this.isExcused) {
      this.isExcused = true;
      return "ping";
    }
    return "dead";
  }

  isStale(now) {
    return now - this.heardAt > PATIENCE;
  }
}
