// The lines: a window onto the last few hundred, built at most ten times a
// second, so that no rate of lines freezes the page. Remote text is only ever
// set as text.

const ROWS = 400;
const WAITING = 2000;
const EVERY = 100;
const NEAR = 48;
const LOUD = 12; // more rows at once than a screen reader should read out

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function colour(name) {
  let hash = 7;
  for (const char of name.toLowerCase()) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return `n${hash % 12}`;
}

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class View {
  constructor(list, latest, unreadLabel, onUnread) {
    this.list = list;
    this.latest = latest;
    this.unreadLabel = unreadLabel;
    this.onUnread = onUnread;
    this.queue = [];
    this.skipped = 0;
    this.unread = 0;
    this.pending = new Map(); // token → row
    this.lastWho = null;
    this.follows = true;
    list.addEventListener("scroll", () => this.scrolled(), { passive: true });
    latest.addEventListener("click", () => this.toLatest());
    document.addEventListener("visibilitychange", () => this.looked());
  }

  add(item) {
    this.queue.push(item);
    if (this.queue.length > WAITING) {
      this.queue.splice(0, WAITING / 2);
      this.skipped += WAITING / 2;
    }
    if (item.counts && !this.isSeen()) {
      this.unread += 1;
      this.onUnread(this.unread);
    }
    if (!this.timer) this.timer = setTimeout(() => this.flush(), this.quick ? 0 : EVERY);
    this.quick = false;
  }

  sending(token, text) {
    const row = element("li", "said own sending");
    row.append(element("span", "text", text));
    this.pending.set(token, row);
    this.list.append(row);
    this.toLatest();
  }

  sent(token) {
    this.pending.get(token)?.remove();
    this.pending.delete(token);
  }

  sentText(text) {
    for (const row of this.pending.values()) {
      if (row.firstChild.textContent === text) {
        row.remove();
        return;
      }
    }
  }

  flush() {
    this.timer = null;
    this.quick = this.queue.length < 4;
    if (!this.follows) {
      this.unreadLabel.textContent = this.unread;
      this.latest.hidden = !this.unread;
      if (this.queue.length < WAITING / 2 && this.list.childElementCount < ROWS) this.build();
      return;
    }
    this.build();
    this.list.scrollTop = this.list.scrollHeight;
  }

  build() {
    let items = this.queue;
    this.queue = [];
    if (items.length > ROWS) {
      this.skipped += items.length - ROWS;
      items = items.slice(-ROWS);
    }
    this.list.setAttribute("aria-live", items.length > LOUD ? "off" : "polite");
    const rows = document.createDocumentFragment();
    if (this.skipped) {
      rows.append(this.mark(`${this.skipped} lines went by too fast to show`, "gap"));
      this.skipped = 0;
    }
    for (const item of items) rows.append(...this.rows(item));
    this.list.insertBefore(rows, this.firstPending());
    while (this.list.childElementCount > ROWS) this.list.firstElementChild.remove();
  }

  firstPending() {
    for (const row of this.pending.values()) if (row.isConnected) return row;
    return null;
  }

  rows(item) {
    if (item.kind === "mark") return [this.mark(item.text, item.gap ? "gap" : "")];
    if (item.kind === "notice") {
      this.lastWho = null;
      return item.text.split("\n").map((line) => element("li", "notice", line));
    }
    return [this.said(item)];
  }

  mark(text, more) {
    this.lastWho = null;
    const row = element("li", `mark ${more}`);
    row.append(element("span", "", text));
    return row;
  }

  said({ name, text, at, own, mention }) {
    const isFirst = this.lastWho !== name;
    this.lastWho = name;
    const row = element("li", "said");
    row.classList.toggle("own", own);
    row.classList.toggle("mention", mention);
    row.classList.toggle("first", isFirst);
    const when = new Date(at);
    const time = element("time", "", clock.format(when));
    time.dateTime = at;
    time.title = when.toLocaleString();
    row.append(time);
    const who = element("span", isFirst ? `who ${colour(name)}` : "hidden", isFirst ? name : `${name}: `);
    row.append(who);
    if (own && isFirst) row.append(element("span", "you", "you"));
    row.append(element("span", "text", text));
    return row;
  }

  isSeen() {
    return this.follows && !document.hidden;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    const follows = scrollHeight - scrollTop - clientHeight < NEAR;
    if (follows && !this.follows) this.toLatest();
    this.follows = follows;
  }

  toLatest() {
    this.follows = true;
    this.build();
    this.list.scrollTop = this.list.scrollHeight;
    this.looked();
  }

  looked() {
    if (!this.isSeen()) return;
    this.unread = 0;
    this.latest.hidden = true;
    this.onUnread(0);
  }
}
