// The tabs: all tabs of one browser share one connection. One of them leads, and has
// the link; the others follow, and reach it over a BroadcastChannel. When the leader
// goes, or doesn't answer, another one leads.
//
// Events: as the link's, and "leads".

import { random } from "./memory.js";

const SEEKING = 120;
const PATIENCE = 1500;

export class Tabs extends EventTarget {
  // make(memory) makes a link; memory is what the last leader told: {secret, given}.
  constructor(name, make) {
    super();
    this.id = random(8);
    this.make = make;
    this.memory = {};
    this.others = new Set();
    this.asked = new Map(); // number → done
    this.calls = new Map(); // number → timer
    this.number = 0;
    this.channel = this.open(name);
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.seek());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    addEventListener("online", () => this.hurry());
  }

  open(name) {
    if (!("BroadcastChannel" in window)) return { postMessage() {} };
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => {
      if (!data.to || data.to === this.id) this[`on_${data.kind}`]?.(data);
    };
    return channel;
  }

  post(kind, more = {}) {
    this.channel.postMessage({ kind, from: this.id, ...more });
  }

  get leads() {
    return Boolean(this.link);
  }

  // Finds the leader, or becomes it.
  seek(within = SEEKING) {
    this.leader = null;
    for (const timer of this.calls.values()) clearTimeout(timer);
    this.calls.clear();
    for (const done of this.asked.values()) done(null);
    this.asked.clear();
    clearTimeout(this.seeking);
    this.seeking = setTimeout(() => this.lead(), within);
    this.post("seek");
  }

  lead() {
    this.seeking = null;
    const link = this.make(this.memory);
    this.link = link;
    this.since = Date.now();
    link.addEventListener("state", ({ detail }) => this.spread("state", detail));
    link.addEventListener("events", ({ detail }) => this.spread("events", detail));
    this.post("lead", { since: this.since });
    this.dispatchEvent(new CustomEvent("leads"));
    link.open();
  }

  spread(kind, detail) {
    const { secret, given } = this.link;
    this.memory = { secret, given };
    if (this.others.size) this.post(kind, { detail, memory: this.memory });
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  follow(leader) {
    clearTimeout(this.seeking);
    this.seeking = null;
    this.leader = leader;
    this.post("hello", { to: leader });
  }

  leave() {
    if (this.link) this.link.abandon();
    this.link = null;
    clearTimeout(this.seeking);
    this.post("gone");
  }

  on_seek({ from }) {
    if (this.link) this.post("lead", { to: from, since: this.since });
    else if (this.seeking && from < this.id) this.wait();
  }

  // Two look for a leader at once: the other one is to be it.
  wait() {
    clearTimeout(this.seeking);
    this.seeking = setTimeout(() => this.lead(), 2 * SEEKING);
  }

  // Of two that lead the later one does: the other one was asleep, and is replaced.
  on_lead({ from, since }) {
    if (this.link && (this.since > since || (this.since === since && this.id < from))) {
      this.post("lead", { to: from, since: this.since });
      return;
    }
    if (this.link) this.link.abandon();
    this.link = null;
    if (this.leader !== from) this.follow(from);
  }

  on_hello({ from }) {
    if (!this.link) return;
    this.others.add(from);
    const { snapshot, welcome, login, secret, given } = this.link;
    const events = [login, welcome].filter(Boolean);
    this.post("state", { to: from, detail: snapshot, memory: { secret, given } });
    if (events.length) this.post("events", { to: from, detail: events, memory: { secret, given } });
  }

  on_state(message) {
    this.told("state", message);
  }

  on_events(message) {
    this.told("events", message);
  }

  told(kind, { from, detail, memory }) {
    if (from !== this.leader) return;
    this.memory = memory;
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  on_gone({ from }) {
    this.others.delete(from);
    if (from === this.leader) this.seek(Math.random() * SEEKING);
  }

  // Calls the link, here or in the leading tab. A leader that doesn't answer is none.
  call(what, ...given) {
    if (this.link) this.link[what](...given);
    else if (this.leader) {
      this.number += 1;
      this.calls.set(this.number, setTimeout(() => this.seek(), PATIENCE));
      this.post("call", { to: this.leader, what, given, number: this.number });
    } else if (!this.seeking) this.seek();
  }

  on_call({ from, what, given, number }) {
    if (!this.link) return;
    this.post("got", { to: from, number });
    this.others.add(from);
    if (what === "ask") this.link.ask(...given, (events) => this.post("answer", { to: from, number, events }));
    else this.link[what](...given);
  }

  on_got({ number }) {
    clearTimeout(this.calls.get(number));
    this.calls.delete(number);
  }

  on_answer({ number, events }) {
    const done = this.asked.get(number);
    this.asked.delete(number);
    done?.(events);
  }

  transmit(lines) {
    this.call("transmit", lines);
  }

  ask(word, line, done) {
    if (this.link) this.link.ask(word, line, done);
    else if (this.leader) {
      this.asked.set(this.number + 1, done);
      this.call("ask", word, line);
    } else done(null);
  }

  hurry() {
    this.call("hurry");
  }

  // The person isn't the one who was here any more: all tabs are to forget.
  forget() {
    this.post("forget");
    this.on_forget();
  }

  on_forget() {
    this.memory = {};
    this.link?.leave();
    this.dispatchEvent(new CustomEvent("forget"));
  }
}
