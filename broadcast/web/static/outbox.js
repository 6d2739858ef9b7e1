// The outbox: lines that were typed and have no answer yet. It is bounded: what has no
// place in it is refused while it is still in the composer. It survives a reload.

const LINES = 500;
const CHARACTERS = 256 * 1024;

export class Outbox {
  constructor(memory, run) {
    this.memory = memory;
    this.run = run;
    this.count = 0;
    this.lines = new Map(); // token → {text, isSent}
    this.epoch = null; // of the log in which the sent ones may be
    this.load();
  }

  get size() {
    return this.lines.size;
  }

  hasRoom(texts) {
    let characters = 0;
    for (const { text } of this.lines.values()) characters += text.length;
    for (const text of texts) characters += text.length;
    return this.lines.size + texts.length <= LINES && characters <= CHARACTERS;
  }

  add(text) {
    this.count += 1;
    const token = `${this.run}-${this.count}`;
    this.lines.set(token, { text, isSent: false });
    return token;
  }

  sent(token, epoch) {
    this.lines.get(token).isSent = true;
    this.epoch = epoch;
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
      this.memory.tab.set("outbox", JSON.stringify({ epoch: this.epoch, lines: [...this.lines] }));
    } else {
      this.memory.tab.drop("outbox");
    }
  }

  load() {
    try {
      const { epoch, lines } = JSON.parse(this.memory.tab.get("outbox") ?? '{"lines":[]}');
      this.lines = new Map(lines);
      this.epoch = epoch;
    } catch {
      this.lines = new Map(); // not ours
    }
  }
}
