// The view: the span of lines that is looked at, and its place on the screen. Who
// follows sees the newest; who reads stays where it is, to the pixel. Lines are built
// at most ten times a second, so that no rate of them freezes the page.

import { mark, notice, sending } from "./rows.js";
import { Span } from "./span.js";

const FOLLOWED = 300; // rows that are kept while one follows
const SPARE = 100; // rows more, before some are cut: cutting each time would cost more
const READ = 1500; // rows that are kept while one reads
const PAGE = 100;
const EVERY = 100;
const NEAR = 48; // pixels from the end that count as the end
const EDGE = 80; // pixels from an edge where more is loaded

const LASTING = new Set(["line", "notice", "mark"]);

export const lines = (count) => `${count} ${count === 1 ? "line" : "lines"}`;

export class View extends EventTarget {
  // load(word, position, count, done) asks for lines: done(null or {entries, more, missing,
  // first, last}). Entries of those who are ignored are left out; first and last count them.
  // Events: "looked", "counted", "built" {items}.
  constructor({ scroller, rows, pending, older }, load) {
    super();
    Object.assign(this, { scroller, older, load, pendingRows: pending });
    this.span = new Span(rows);
    this.queue = [];
    this.pending = new Map(); // token → row
    this.follows = true; // the end is in sight
    this.isWhole = true; // the span reaches up to what is said now
    this.hasOlder = false;
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    document.addEventListener("visibilitychange", () => this.looked());
    new ResizeObserver(() => this.keep()).observe(scroller);
  }

  get isSeen() {
    return this.follows && this.isWhole && !document.hidden;
  }

  // What is said, or is to be noted, now: {kind: "line" | "notice" | "mark", …}.
  add(entry) {
    if (entry.counts && !this.isSeen) this.unseen();
    if (!this.isWhole) return; // it is asked for when one reads on
    this.queue.push(entry);
    if (this.queue.length > 4 * FOLLOWED) {
      if (this.follows) this.thin();
      else this.build();
    }
    if (!this.timer) this.timer = setTimeout(() => this.flush(), this.isQuick ? 0 : EVERY);
    this.isQuick = false;
  }

  // More than can be shown: the oldest are only counted.
  thin() {
    const dropped = this.queue.splice(0, this.queue.length - FOLLOWED);
    this.missed = (this.missed ?? 0) + dropped.filter(({ kind, position }) => kind === "line" && position).length;
    this.span.leave(dropped);
  }

  unseen() {
    if (this.hasMark || !this.isWhole) return;
    this.hasMark = true;
    this.queue.push({ kind: "new" });
  }

  flush() {
    this.timer = null;
    this.isQuick = this.queue.length < 4;
    if (!this.queue.length) return;
    this.build();
    if (this.follows) this.toEnd();
    this.more();
  }

  build() {
    if (this.follows && this.queue.length > FOLLOWED) this.thin();
    const entries = this.queue.splice(0);
    if (this.missed) this.begin(this.missed);
    this.missed = 0;
    if (entries.some(({ kind }) => kind === "new")) this.unmark();
    const items = entries.flatMap((entry) => this.items(entry));
    this.span.append(items);
    if (this.follows && this.span.length > FOLLOWED + SPARE) {
      this.span.cutFirst(this.span.length - FOLLOWED);
      this.hasOlder = true;
    }
    if (!this.follows && this.span.length > READ) this.detach(this.span.length - READ);
    this.dispatchEvent(new CustomEvent("built", { detail: { items } }));
  }

  // What was new once. Above the eye its mark leaves its room empty, so that nothing moves.
  unmark() {
    if (this.follows) this.span.drop(({ kind }) => kind === "new");
    else for (const { kind, node } of this.span.items) if (kind === "new") node.classList.add("past");
  }

  // The span begins anew, after so many lines that were never shown.
  begin(missed) {
    this.span.clear();
    this.hasOlder = true;
    this.span.passed(missed, `${lines(missed)} went by too fast to show: scroll up to read them`);
    this.hasMark = false;
  }

  items(entry) {
    if (entry.kind === "line") return [this.span.line(entry)];
    if (entry.kind === "new") return [{ kind: "new", node: mark("new since you looked", "new") }];
    if (entry.kind === "mark") return [{ kind: "mark", node: mark(entry.text, entry.gap ? "gap" : "") }];
    return entry.text.split("\n").map((text) => ({ kind: "notice", node: notice(text, entry.names) }));
  }

  // One reads far from the end: it isn't kept, and is asked for when one comes there.
  detach(count) {
    this.span.cutLast(count);
    this.isWhole = false;
    this.queue = [];
  }

  // The first lines have come, from that position on.
  begun(first, hasOlder) {
    this.hasOlder = hasOlder;
    this.span.edge ||= first ?? ""; // all of them may be of those who are ignored
  }

  // Older lines.

  loadOlder() {
    const from = this.span.first;
    if (this.isLoading || !this.hasOlder || !from) return;
    this.isLoading = true;
    this.older.textContent = "loading older lines";
    this.load("history", from, PAGE, (answer) => {
      this.isLoading = false;
      this.older.textContent = "";
      if (!answer || from !== this.span.first) return;
      this.hasOlder = answer.more;
      this.held(() => {
        this.span.prepend(answer.entries.flatMap((entry) => this.items(entry)), answer.first);
        if (!answer.more) this.older.textContent = "older lines can't be had";
        if (this.span.length > READ) this.detach(this.span.length - READ);
      });
      this.dispatchEvent(new CustomEvent("built", { detail: { items: this.span.items } }));
      this.more();
    });
  }

  loadNewer() {
    const from = this.span.last;
    if (this.isLoading || !from) return;
    this.isLoading = true;
    this.load("since", from, 0, (answer) => {
      this.isLoading = false;
      if (!answer || from !== this.span.last) return;
      const items = answer.entries.flatMap((entry) => this.items(entry));
      if (answer.missing !== 0) {
        const text = answer.missing === null ? "the server has begun anew" : `${lines(answer.missing)} before are older than what the server gives`;
        items.unshift({ kind: "mark", node: mark(text, "gap") });
      }
      this.isWhole = !answer.more;
      this.held(() => {
        this.span.append(items, answer.last);
        if (this.span.length > READ) {
          this.span.cutFirst(this.span.length - READ);
          this.hasOlder = true;
        }
      });
      this.dispatchEvent(new CustomEvent("built", { detail: { items } }));
      this.scrolled(); // the end may still be as near as it was
    });
  }

  // The newest lines, whatever is looked at.
  toLatest() {
    if (this.isWhole) {
      this.follows = true;
      this.flush();
      this.toEnd();
      this.looked();
      return;
    }
    this.load("history", "", PAGE, (answer) => {
      if (answer) this.restart(answer);
    });
  }

  restart(answer) {
    this.span.clear();
    this.queue = [];
    this.hasMark = false;
    this.hasOlder = answer.more;
    this.isWhole = true;
    this.follows = true;
    this.span.append(answer.entries.flatMap((entry) => this.items(entry)), answer.last);
    this.span.start = answer.first ?? "";
    this.dispatchEvent(new CustomEvent("built", { detail: { items: this.span.items } }));
    this.toEnd();
    this.looked();
  }

  // What was typed and has no answer.

  send(token, text) {
    const row = sending(text);
    this.pending.set(token, row);
    this.pendingRows.append(row);
    if (this.goesToLatest) return;
    this.goesToLatest = true; // once for all that are sent together
    queueMicrotask(() => {
      this.goesToLatest = false;
      this.toLatest();
    });
  }

  settle(token) {
    this.pending.get(token)?.remove();
    this.pending.delete(token);
  }

  // The line itself has come, which may be before its answer.
  came(text) {
    for (const row of this.pending.values()) {
      if (row.isConnected && row.firstChild.textContent === text) {
        row.remove();
        return;
      }
    }
  }

  // The place.

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.anchor = null;
  }

  // Changes the span above or below the eye, and leaves the eye where it is.
  held(change) {
    const anchor = this.eye();
    const { scrollTop } = this.scroller;
    change();
    if (anchor?.node.isConnected) this.scroller.scrollTop += this.top(anchor.node) - anchor.top;
    else this.scroller.scrollTop = scrollTop;
    this.anchor = this.eye();
  }

  top(node) {
    return node.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
  }

  // The first row in sight that no change to the span takes away. Rows are in order: the
  // half of the half is enough.
  eye() {
    const items = this.span.items.filter(({ node, kind }) => LASTING.has(kind) && !node.hidden);
    let low = 0;
    let high = items.length - 1;
    if (high < 0) return null;
    const edge = this.scroller.getBoundingClientRect().top;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (items[middle].node.getBoundingClientRect().bottom > edge) high = middle;
      else low = middle + 1;
    }
    return { node: items[low].node, top: this.top(items[low].node) };
  }

  // The window has another size: the end stays in sight, or the line that was.
  keep() {
    if (this.follows) this.toEnd();
    else if (this.anchor?.node.isConnected) this.scroller.scrollTop += this.top(this.anchor.node) - this.anchor.top;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const rest = scrollHeight - scrollTop - clientHeight;
    const follows = this.isWhole && rest < NEAR;
    const changed = follows !== this.follows;
    this.follows = follows;
    if (!follows) this.anchor = this.eye();
    if (changed && follows) this.looked();
    if (changed) this.dispatchEvent(new CustomEvent("moved"));
    this.more();
    if (!this.isWhole && rest < EDGE) this.loadNewer();
  }

  more() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (scrollTop < EDGE && (!this.follows || scrollHeight <= clientHeight + EDGE)) this.loadOlder();
  }

  looked() {
    if (!this.isSeen) return;
    this.hasMark = false;
    this.dispatchEvent(new CustomEvent("looked"));
  }
}
