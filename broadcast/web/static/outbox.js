// The outbox: lines that were typed and have no answer yet. It is bounded: what has no
// place in it is refused while it is still in the composer. It survives a reload.

import { sayLine } from "./words.js";

const LINES = 500;
const CHARACTERS = 256 * 1024;

export class Outbox {
  constructor(memory, run) {
    this.memory = memory;
    this.run = run;
    this.count = 0;
    this.lines = new Map(); // token → {text, isSent}
    this.epoch = null; // of the log in which the sent ones may be
    this.name = ""; // under which they were sent: the server knows a token by it
    this.load();
  }

  get size() {
    return this.lines.size;
  }

  // How many of these lines there is room for.
  roomFor(texts) {
    let left = CHARACTERS;
    for (const { text } of this.lines.values()) left -= text.length;
    const most = Math.min(texts.length, LINES - this.lines.size);
    let count = 0;
    while (count < most && texts[count].length <= left) {
      left -= texts[count].length;
      count += 1;
    }
    return count;
  }

  add(text) {
    this.count += 1;
    const token = `${this.run}-${this.count}`;
    this.lines.set(token, { text, isSent: false });
    return token;
  }

  sent(token, epoch, name) {
    this.lines.get(token).isSent = true;
    this.epoch = epoch;
    this.name = name;
  }

  take(token) {
    const found = this.lines.get(token);
    this.lines.delete(token);
    return found?.text;
  }

  takeAll() {
    const texts = Array.from(this.lines.values(), ({ text }) => text);
    this.lines.clear();
    return texts;
  }

  save() {
    if (this.lines.size) {
      const { epoch, name } = this;
      this.memory.tab.set("outbox", JSON.stringify({ epoch, name, lines: [...this.lines] }));
    } else {
      this.memory.tab.drop("outbox");
    }
  }

  load() {
    try {
      const { epoch, name, lines } = JSON.parse(this.memory.tab.get("outbox") ?? '{"lines":[]}');
      for (const [token, { text, isSent }] of lines) {
        sayLine(token, text); // throws at what is not ours
        this.lines.set(token, { text, isSent });
      }
      this.epoch = epoch;
      this.name = name;
    } catch {
      this.lines.clear();
    }
  }
}
