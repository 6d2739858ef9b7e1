// The connection: it speaks the documented line protocol in its json dialect,
// comes back by itself, and asks for what was said meanwhile.

const PING_EVERY = 25000;
const SILENCE = 60000;
const MAX_WAIT = 30000;
const KEEP_UNSENT = 200;

const random = (bytes) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, "0")).join("");

function stored(name, make) {
  try {
    const found = sessionStorage.getItem(`broadcast.${name}`);
    if (found) return found;
    const made = make();
    sessionStorage.setItem(`broadcast.${name}`, made);
    return made;
  } catch {
    return make(); // storage may be forbidden: then nothing survives a reload
  }
}

export class Link extends EventTarget {
  // Events: state {state, text}, event {one object of the protocol},
  // gap {missing}, unsent {texts}.
  constructor(url) {
    super();
    this.url = url;
    this.key = stored("key", () => random(16));
    this.name = stored("name", () => `guest-${1000 + (parseInt(random(2), 16) % 9000)}`);
    this.epoch = null;
    this.lastId = 0;
    this.unsent = new Map(); // token → text, in the order said
    this.held = null; // live messages that wait for the end of a replay
    this.later = []; // commands that wait for it
    this.isOver = false;
    this.tries = 0;
    this.tokens = 0;
    this.run = random(4);
    setInterval(() => this.beat(), PING_EVERY);
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  open() {
    this.isOver = false;
    clearTimeout(this.timer);
    this.tell("connecting", this.epoch ? "reconnecting" : "connecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.isReady = false;
    socket.onopen = () => {
      this.heardAt = Date.now();
      socket.send(`/format json\n/name ${this.name} ${this.key}`);
    };
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.heardAt = Date.now();
      for (const line of message.data.split("\n")) this.take(JSON.parse(line));
    };
    socket.onclose = (closed) => {
      if (socket === this.socket) this.closed(closed);
    };
  }

  say(text) {
    const token = `${this.run}-${++this.tokens}`;
    this.unsent.set(token, text);
    if (this.unsent.size > KEEP_UNSENT) this.unsent.delete(this.unsent.keys().next().value);
    if (this.isReady) this.send(`/say ${token} ${text}`);
    else if (this.isOver) this.open();
    return token;
  }

  command(line) {
    // What is replayed by hand would be taken for what is still missing.
    if (this.held && /^\/(history|since)\b/i.test(line)) this.later.push(line);
    else if (this.isReady || this.mustLogIn) this.send(line);
  }

  rename(name) {
    this.command(`/name ${name} ${this.key}`);
  }

  send(line) {
    this.socket.send(line);
  }

  beat() {
    if (!this.isReady) return;
    if (Date.now() - this.heardAt > SILENCE) this.drop();
    else this.send("/ping");
  }

  hurry() {
    if (this.isOver) return;
    if (this.waits) this.open();
    else if (this.isReady && Date.now() - this.heardAt > PING_EVERY) this.send("/ping");
  }

  drop() {
    // A dead peer answers no close: don't wait for it.
    const socket = this.socket;
    this.socket = null;
    socket.close();
    this.closed({ reason: "the server is silent" });
  }

  closed({ reason }) {
    this.isReady = false;
    this.mustLogIn = false;
    this.held = null;
    this.later = [];
    this.socket = null;
    if (this.isOver) return;
    this.tries += 1;
    const wait = Math.min(MAX_WAIT, 500 * 2 ** this.tries) * (0.5 + Math.random() / 2);
    this.waits = true;
    this.timer = setTimeout(() => this.open(), this.tries === 1 ? 300 : wait);
    this.tell("away", reason ? `away: ${reason} · coming back` : "away · coming back");
  }

  tell(state, text) {
    this.waits = state === "away";
    this.dispatchEvent(new CustomEvent("state", { detail: { state, text } }));
  }

  emit(event) {
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  take(event) {
    const handle = this[`on_${event.event}`];
    if (handle) handle.call(this, event);
    else this.emit(event);
  }

  on_login(event) {
    this.mustLogIn = true;
    this.tell("connecting", "log in first");
    this.emit(event);
  }

  on_welcome(event) {
    this.tries = 0;
    this.mustLogIn = false;
    this.isReady = true;
    this.setName(event.name);
    this.held = [];
    this.isWhole = true;
    this.from = null;
    const position = this.epoch && `${this.epoch}:${this.lastId}`;
    this.isResuming = Boolean(position);
    if (this.epoch !== event.epoch) this.lastId = 0;
    this.epoch = event.epoch;
    this.tell("connected", `connected as ${this.name}`);
    this.emit(event);
    this.send(position ? `/since ${position}` : "/history 50");
    this.send("/who");
  }

  on_replay(event) {
    const missing = this.isResuming ? event.missing : 0;
    if (missing !== 0) this.dispatchEvent(new CustomEvent("gap", { detail: { missing } }));
    this.isWhole = this.isWhole && missing === 0;
  }

  on_replayed({ position, more }) {
    if (this.isResuming && more && position !== this.from) {
      this.from = position;
      this.send(`/since ${position}`);
      return;
    }
    const held = this.held || [];
    this.held = null;
    for (const event of held) this.message(event);
    this.emit({ event: "replayed", resumed: this.isResuming });
    this.resend();
    this.isResuming = false;
    for (const line of this.later.splice(0)) this.send(line);
  }

  resend() {
    // What has no answer is said again under its old token: the server says it
    // once. After a hole it can't know, so the person decides.
    if (this.isWhole) {
      for (const [token, text] of this.unsent) this.send(`/say ${token} ${text}`);
    } else if (this.unsent.size) {
      const texts = [...this.unsent.values()];
      this.unsent.clear();
      this.dispatchEvent(new CustomEvent("unsent", { detail: { texts } }));
    }
  }

  on_message(event) {
    if (this.held && !event.replayed) this.held.push(event);
    else this.message(event);
  }

  message(event) {
    if (event.id <= this.lastId) return;
    this.lastId = event.id;
    this.emit(event);
  }

  on_rename(event) {
    if (event.name === this.name) this.setName(event.to);
    this.emit(event);
  }

  on_ack(event) {
    this.unsent.delete(event.token);
    this.emit(event);
  }

  on_error(event) {
    const text = this.unsent.get(event.token);
    this.unsent.delete(event.token);
    this.emit({ ...event, unsaid: text });
  }

  on_bye(event) {
    this.isOver = !event.reconnect;
    if (this.isOver) this.tell("away", `left: ${event.text}`);
    this.emit(event);
  }

  on_pong() {}

  setName(name) {
    this.name = name;
    try {
      sessionStorage.setItem("broadcast.name", name);
    } catch {
      // forbidden storage: the name lives as long as the page
    }
  }
}
