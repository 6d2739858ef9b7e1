// The link: one connection to the server, which comes back by itself. It introduces
// the person, logs in, pings, and hands each answer to the one who asked. What was
// said meanwhile is asked for by those who listen (room.js).
//
// Events: "state" {state, text, until, isOver}, "events" [objects of the protocol].

import { wait } from "./backoff.js";
import { diagnose } from "./diagnosis.js";
import { random } from "./memory.js";
import { Pulse, TICK } from "./pulse.js";
import { nameLine, pingLine, WordsError } from "./words.js";

const OPENING = 10000;
const GREETING = 20000;
const DIAGNOSE_EVERY = 5;

const REPLAYS = ["history", "since"];

export class Link extends EventTarget {
  // identity() tells who the person is: {name, key} or {isQuiet}.
  constructor(url, identity, secret = null) {
    super();
    this.url = url;
    this.identity = identity;
    this.secret = secret; // the line that logs in, kept for coming back
    this.given = null; // the name that the server gave who has chosen none
    this.name = "";
    this.welcome = null;
    this.login = null;
    this.askers = []; // whose commands have no answer yet: the server keeps the order
    this.tries = 0;
    this.pulse = new Pulse();
    this.run = random(4);
    this.ticking = setInterval(() => this.tick(), TICK);
    this.tell("connecting", "connecting");
  }

  open() {
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return; // another tab, or Enter twice
    clearTimeout(this.timer);
    this.tell("connecting", this.name ? "reconnecting" : "connecting");
    this.hasOpened = false;
    this.pulse.begin(Date.now());
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.introduce(socket);
    socket.onmessage = (message) => {
      if (socket === this.socket) this.hear(message.data);
    };
    socket.onclose = (closed) => {
      if (socket === this.socket) this.closed(closed.reason);
    };
  }

  introduce(socket) {
    this.hasOpened = true;
    this.pulse.begin(Date.now());
    const lines = ["/format json"];
    const { name, key, isQuiet } = this.identity();
    if (isQuiet) lines.push("/quiet");
    try {
      if (name) lines.push(nameLine(name, key));
      else if (this.given && !this.secret) lines.push(nameLine(this.given, key));
    } catch (error) {
      if (!(error instanceof WordsError)) throw error; // what was kept is no name: be a guest
    }
    if (this.secret) lines.push(this.secret);
    socket.send(lines.join("\n"));
  }

  // Ends the link, and says nothing of it.
  abandon() {
    clearInterval(this.ticking);
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.state = "left";
    socket?.close();
  }

  hear(data) {
    this.pulse.heard(Date.now());
    const events = [];
    for (const line of data.split("\n")) {
      let event;
      try {
        event = JSON.parse(line);
      } catch {
        continue; // a prompt of the server's, before it knows that this is a program
      }
      const isAnswer = this.answers(event, events);
      this.note(event);
      if (!isAnswer) events.push(event);
    }
    this.pass(events);
  }

  pass(events) {
    if (events.length) this.dispatchEvent(new CustomEvent("events", { detail: events.splice(0) }));
  }

  // What the link itself learns from an event.
  note(event) {
    if (event.event === "welcome") {
      // An account has its own name, also when another one logs in the next time.
      if (!this.identity().name && !this.secret && !this.login) this.given = event.name;
      this.tries = 0;
      this.login = null;
      this.bye = null;
      this.name = event.name;
      this.welcome = event;
      this.tell("connected", `connected as ${this.name}`);
    } else if (event.event === "login") {
      this.login = event;
      if (!this.secret) this.tell("login", "log in first");
    } else if (event.event === "rename" && event.name === this.name) {
      this.name = event.to;
      this.given = event.to;
      this.welcome = { ...this.welcome, name: event.to };
      this.tell("connected", `connected as ${this.name}`);
    } else if (event.event === "error" && event.command === "login") {
      this.secret = null;
      if (this.login || !this.welcome) this.tell("login", "log in first");
    } else if (event.event === "bye") {
      this.bye = event;
      if (event.code === "login-failed") this.secret = null;
    }
  }

  // Gives the event to the one who asked for it; tells whether nobody else is to know.
  answers(event, before) {
    const asker = this.askers[0];
    if (!asker) return false;
    const { word } = asker;
    const isReplay = REPLAYS.includes(word);
    const parts = {
      error: !event.token && event.command === word,
      message: isReplay && event.replayed,
      notice: !isReplay && !["who", "name", "ping"].includes(word),
      pong: word === "ping",
      rename: word === "name" && event.name === this.name,
      replay: isReplay,
      replayed: isReplay,
      who: word === "who",
    };
    if (!parts[event.event]) return false;
    asker.events.push(event);
    if (["message", "replay"].includes(event.event) || event.more === true && word === "who") return true;
    this.askers.shift();
    this.pass(before); // what came before the answer is known before it
    asker.done(asker.events);
    return event.event !== "rename";
  }

  // Sends a command; done gets its answer's events, or null when the link is lost.
  ask(word, line, done) {
    if (!this.isOpen) {
      done(null);
      return;
    }
    this.askers.push({ word, events: [], done });
    this.socket.send(line);
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  transmit(line) {
    if (this.isOpen) this.socket.send(line);
  }

  // Logs in; as another account than before, under that one's name.
  logIn(line, account = "") {
    this.secret = line;
    this.given = null;
    this.pulse.begin(Date.now());
    if (this.isOpen && !this.welcome) {
      const { name, key } = this.identity();
      this.socket.send(account && name ? `${nameLine(account, key)}\n${line}` : line);
    } else if (!this.isOpen) this.open();
  }

  // Leaves, so that nothing of the person is kept at the server.
  leave() {
    this.transmit("/quit");
  }

  tick() {
    const now = Date.now();
    if (this.socket?.readyState === WebSocket.CONNECTING) {
      if (now - this.pulse.heardAt > OPENING) this.drop("the server doesn't answer");
      return;
    }
    if (!this.isOpen) return;
    if (!this.welcome) {
      // A person may take any time to log in; a server that has been asked may not.
      const isAsked = !this.login || this.secret;
      if (isAsked && now - this.pulse.heardAt > GREETING) this.drop("the server is silent");
      return;
    }
    const due = this.pulse.tick(now);
    if (due === "dead") this.drop("the server is silent");
    else if (due === "ping") this.ping(now);
  }

  ping(now) {
    this.pulse.pinged(now);
    this.ask("ping", pingLine(`pulse-${this.run}`), () => undefined);
  }

  // Somebody looks, or the network is back: don't wait any longer.
  hurry() {
    if (this.state === "away" && !this.isOver) this.open();
    else if (this.isOpen && this.welcome && this.pulse.isStale(Date.now())) this.ping(Date.now());
  }

  drop(reason) {
    // A dead peer answers no close: don't wait for it.
    const socket = this.socket;
    this.socket = null;
    socket.close();
    this.closed(reason);
  }

  closed(reason) {
    this.socket = null;
    this.welcome = null;
    this.login = null;
    for (const { done } of this.askers.splice(0)) done(null);
    const bye = this.bye;
    this.bye = null;
    if (bye && !bye.reconnect) {
      this.isOver = true;
      const state = /^login-/.test(bye.code) ? "login" : "away";
      this.tell(state, `left: ${bye.text}`);
      return;
    }
    this.tries += 1;
    const pause = wait(this.tries);
    this.timer = setTimeout(() => this.open(), pause);
    const known = bye?.text || reason || this.diagnosis;
    this.tell("away", known ? `away: ${known}` : "away", Date.now() + pause);
    if (!this.hasOpened && this.tries % DIAGNOSE_EVERY === 1) this.explain();
    if (this.hasOpened) this.diagnosis = "";
  }

  async explain() {
    this.diagnosis = await diagnose(this.url);
    if (this.state === "away") this.tell("away", `away: ${this.diagnosis}`, this.until);
  }

  tell(state, text, until = null) {
    this.state = state;
    this.text = text;
    this.until = until;
    if (state !== "away" && state !== "login") this.isOver = false;
    this.dispatchEvent(new CustomEvent("state", { detail: this.snapshot }));
  }

  get snapshot() {
    return { state: this.state, text: this.text, until: this.until, isOver: Boolean(this.isOver) };
  }
}
