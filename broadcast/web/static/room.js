// The room, as this tab sees it: each line once and in order, what was said meanwhile
// asked for, and what was typed sent once.
//
// Events: "state", "event" (an object of the protocol), "synced", "gap" {missing},
// "unsent" {texts, why}, "pending" {token, text}, "settled" {token, text}.

import { random } from "./memory.js";
import { Outbox } from "./outbox.js";
import { bytes, fold, historyLine, nameLine, sayLine, sinceLine } from "./words.js";

const FIRST = 50;
const MESSAGE = 64 * 1024;
const TOKEN = 40; // bytes of a command before its text, at most

export class Room extends EventTarget {
  constructor(tabs, memory) {
    super();
    this.tabs = tabs;
    this.memory = memory;
    this.outbox = new Outbox(memory, random(4));
    this.state = { state: "connecting", text: "connecting", until: null, isOver: false };
    this.name = "";
    this.epoch = null;
    this.lastId = 0;
    this.longest = 8000;
    this.held = null; // what is said while what was said before is asked for
    this.isReady = false;
    this.isLoginWanted = false;
    this.syncs = 0;
    this.wish = null; // a name that was chosen without a connection: {name, key}
    tabs.addEventListener("state", ({ detail }) => this.changed(detail));
    tabs.addEventListener("events", ({ detail }) => detail.forEach((event) => this.take(event)));
  }

  emit(kind, detail = {}) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  changed(state) {
    this.state = state;
    if (state.state !== "connected") this.isReady = false;
    if (state.state === "login") this.askLogin();
    this.emit("state", state);
  }

  get position() {
    return this.epoch && `${this.epoch}:${this.lastId}`;
  }

  // Says lines, as many as can be kept until they are said: returns their number.
  say(all) {
    const texts = this.isLoginWanted ? [] : all.slice(0, this.outbox.roomFor(all));
    if (!texts.length) return 0;
    const tokens = texts.map((text) => this.outbox.add(text));
    tokens.forEach((token, number) => this.emit("pending", { token, text: texts[number] }));
    if (this.isReady) this.transmit(tokens);
    else if (this.state.isOver) this.tabs.call("open");
    this.outbox.save();
    return texts.length;
  }

  // Sends lines of the outbox, as few messages as may be.
  transmit(tokens) {
    let message = "";
    for (const token of tokens) {
      const line = sayLine(token, this.outbox.lines.get(token).text);
      this.outbox.sent(token, this.epoch, this.name);
      if (message && message.length + line.length > MESSAGE / 4) {
        this.tabs.transmit(message);
        message = "";
      }
      message += message ? `\n${line}` : line;
    }
    if (message) this.tabs.transmit(message);
  }

  fits(text) {
    return bytes(text) <= this.longest;
  }

  // Takes a name: now, or when the connection is back. Throws what is wrong with it.
  rename(name, key, done) {
    const line = nameLine(name, key ?? this.memory.key);
    if (this.isReady) {
      this.tabs.ask("name", line, (events) => {
        const last = events?.at(-1);
        if (last?.event === "rename") this.memory.keep(last.to, key);
        done(last?.event === "error" ? last.text : events ? "" : "The connection is lost: try again.");
      });
      return;
    }
    this.memory.keep(name, key);
    this.wish = { name, key };
    done("");
  }

  // The name that was wished for came too late for the introduction.
  insist() {
    const { wish } = this;
    this.wish = null;
    if (!wish || fold(wish.name) === fold(this.name)) return;
    this.rename(wish.name, wish.key, (text) => text && this.emit("event", { event: "error", command: "name", text }));
  }

  take(event) {
    const handle = this[`on_${event.event}`];
    if (handle) handle.call(this, event);
    else this.emit("event", event);
  }

  on_login(event) {
    this.login = event.text;
    if (this.state.state === "login") this.askLogin();
  }

  askLogin() {
    this.isLoginWanted = true;
    this.giveBack([...this.outbox.lines.keys()].map((token) => this.settle(token)), "login");
    this.emit("login", { text: this.login ?? "" });
  }

  on_welcome(event) {
    this.isLoginWanted = false;
    this.was = this.name;
    this.name = event.name;
    this.longest = event.max_line - TOKEN;
    const position = this.position;
    if (this.epoch !== event.epoch) this.lastId = 0;
    this.epoch = event.epoch;
    this.emit("event", event);
    this.sync(position);
  }

  sync(position) {
    this.syncs += 1;
    this.isReady = false;
    this.held = [];
    const sync = { number: this.syncs, isResumed: Boolean(position), isWhole: true, own: [], from: position };
    if (position) this.step(sync, "since", sinceLine(position));
    else this.step(sync, "history", historyLine(FIRST));
  }

  step(sync, word, line) {
    this.tabs.ask(word, line, (events) => {
      if (events === null || sync.number !== this.syncs) return; // there will be another one
      const last = events.at(-1);
      for (const event of events) {
        if (event.event === "replay") this.missed(sync, event.missing);
        if (event.event === "message") {
          if (event.name === this.was) sync.own.push(event.text);
          this.message(event);
        }
      }
      if (word === "since" && last.more && last.position !== sync.from) {
        sync.from = last.position;
        this.step(sync, word, sinceLine(last.position));
      } else this.synced(sync, last);
    });
  }

  missed(sync, missing) {
    if (!sync.isResumed || missing === 0) return;
    if (sync.isWhole || missing !== null) this.emit("gap", { missing });
    sync.isWhole = false;
  }

  synced(sync, last) {
    const held = this.held ?? [];
    this.held = null;
    for (const event of held) this.message(event);
    this.emit("synced", { isResumed: sync.isResumed, hasOlder: Boolean(last.more), first: last.first });
    this.isReady = true;
    this.resend(sync);
    this.insist();
  }

  // What has no answer is said again under its old token, and is said once. Where the
  // server can't know that any more, the person decides; what was never sent is said.
  resend(sync) {
    const isSafe = sync.isWhole && this.outbox.epoch === this.epoch;
    const isKnown = isSafe && this.name === this.memory.name && this.name === this.outbox.name;
    const again = [];
    const doubtful = [];
    for (const [token, { text, isSent }] of this.outbox.lines) {
      if (!isSent || isKnown) again.push(token);
      else if (isSafe && sync.own.includes(text)) {
        sync.own.splice(sync.own.indexOf(text), 1);
        this.settle(token);
      } else doubtful.push(token);
    }
    this.transmit(again);
    this.giveBack(doubtful.map((token) => this.settle(token)), "doubt");
    this.outbox.save();
  }

  settle(token) {
    const text = this.outbox.take(token);
    if (text !== undefined) this.emit("settled", { token, text });
    return text;
  }

  giveBack(texts, why) {
    this.outbox.save();
    if (texts.length) this.emit("unsent", { texts, why });
  }

  on_message(event) {
    if (this.held) this.held.push(event);
    else this.message(event);
  }

  message(event) {
    if (event.id <= this.lastId) return;
    this.lastId = event.id;
    this.emit("event", event);
  }

  on_rename(event) {
    if (event.name === this.name) {
      this.name = event.to;
      this.emit("event", { ...event, isOwn: true });
    } else this.emit("event", event);
  }

  on_ack(event) {
    this.settle(event.token);
    this.outbox.save();
  }

  on_error(event) {
    const text = event.token === undefined ? undefined : this.settle(event.token);
    if (text !== undefined) this.giveBack([text], event.text);
    else this.emit("event", event);
  }

  on_replayed() {} // an answer to another tab's question

  on_replay() {}

  on_pong() {}

  forget() {
    this.outbox.takeAll();
    this.outbox.save();
  }
}
