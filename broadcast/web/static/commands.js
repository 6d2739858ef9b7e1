// The commands: what is typed after a slash, and an answer that can be seen for each.

import { COMMANDS, historyLine, isName, loginLine, nameAndKey, otherLine, pingLine, sinceLine, whoLine } from "./words.js";

const SHOWN = 200; // lines that are shown again at once: who scrolls up has all

const HELP = [
  ...Object.entries(COMMANDS).map(([word, [rest, text]]) => `/${word} ${rest}`.trimEnd() + ` – ${text}`),
  "//TEXT – says /TEXT",
  "Enter sends · Shift+Enter starts a new line · Tab completes names and commands · ↑ recalls what you said",
].join("\n");

export class Commands {
  // show: {notice(text), lines(title, events, end), problem(text)}.
  constructor({ room, tabs, people, ignored, login, show }) {
    Object.assign(this, { room, tabs, people, ignored, login, show });
    this.pings = 0;
  }

  // Does it; returns why not, or "". Throws what is wrong with its words.
  do({ word, rest }) {
    if (Object.hasOwn(Commands.ALL, word)) return Commands.ALL[word].call(this, rest) ?? "";
    return this.ask(word, otherLine(word, rest), (events) => this.answered(events));
  }

  ask(word, line, done) {
    if (this.room.isLoginWanted) return "log in first: what you write here stays until then";
    if (!this.room.isReady) return "The connection is lost: this was not sent.";
    this.tabs.ask(word, line, (events) => {
      if (events === null) this.show.problem(`The connection was lost before /${word} was answered.`);
      else if (events.at(-1).event === "error") this.show.problem(events.at(-1).text);
      else done(events);
    });
    return "";
  }

  answered(events) {
    for (const { text } of events) if (text) this.show.notice(text);
  }

  // Shows some lines again; which is told by whence ("the last", "after that").
  replay(word, line, whence) {
    return this.ask(word, line, (events) => {
      const all = events.filter(({ event, name }) => event === "message" && !this.ignored.has(name));
      const said = all.slice(0, SHOWN);
      const { missing } = events[0];
      const { more, position } = events.at(-1);
      const gone = { null: "that position is not in this log", 0: "" }[missing] ?? `${missing} lines before are older than what the server gives`;
      if (gone && word === "since") this.show.notice(gone);
      const isCut = said.length < all.length;
      const epoch = position.slice(0, position.lastIndexOf(":"));
      const goesOn = word === "since" && (more || isCut);
      const end = goesOn ? `there is more: /since ${isCut ? `${epoch}:${said.at(-1).id}` : position}` : "that was it";
      const title = `${said.length} ${said.length === 1 ? "line" : "lines"}, ${whence}:`;
      const isAny = said.length || goesOn;
      this.show.lines(isAny ? title : "nothing was said", said, isAny ? end : "");
    });
  }

  static ALL = {
    help() {
      this.show.notice(HELP);
    },
    name(rest) {
      const { name, key } = nameAndKey(rest);
      if (this.room.isLoginWanted) this.room.memory.keep(name, key);
      this.room.rename(name, key, (problem) => problem && this.show.problem(problem));
    },
    who(rest) {
      return this.ask("who", whoLine(rest), (events) => {
        const names = events.flatMap((event) => event.names);
        const quiet = new Set(events.flatMap((event) => event.quiet ?? []));
        const told = names.map((name) => (quiet.has(name) ? `${name} (quiet)` : name));
        this.show.notice(`${events.at(-1).count} here: ${told.join(", ") || "nobody of that name"}`);
      });
    },
    ping() {
      this.pings += 1;
      const begun = performance.now();
      return this.ask("ping", pingLine(`page-${this.pings}`), () => {
        this.show.notice(`pong: ${Math.round(performance.now() - begun)} ms`);
      });
    },
    history(rest) {
      const line = historyLine(rest || "20"); // throws at what is no number
      return this.replay("history", Number(rest) > SHOWN ? historyLine(SHOWN) : line, "the last");
    },
    since(rest) {
      return this.replay("since", sinceLine(rest), "after that");
    },
    ignore(rest) {
      if (rest && !isName(rest)) return "/ignore NAME";
      if (rest) this.ignored.add(rest);
      this.show.notice(`ignored: ${this.ignored.names.join(", ") || "nobody"}`);
    },
    unignore(rest) {
      if (!isName(rest)) return "/unignore NAME";
      const had = this.ignored.remove(rest);
      this.show.notice(`${rest} ${had ? "is no longer ignored" : "was not ignored"}`);
    },
    login(rest) {
      const words = rest.split(/\s+/).filter(Boolean);
      if (words.length < 1 || words.length > 2) return "/login SECRET, or /login NAME PASSWORD";
      const [name, secret] = words.length === 2 ? words : ["", words[0]];
      if (this.room.isLoginWanted) this.login.send(name, secret);
      else return this.ask("login", loginLine(name, secret), (events) => this.answered(events));
    },
    format() {
      return "This page needs the json format.";
    },
    quit() {
      if (this.room.state.state === "away" || !this.room.isReady) return "There is no connection to leave.";
      this.tabs.transmit("/quit");
    },
    say() {
      return "Lines are said without a command here.";
    },
  };
}
