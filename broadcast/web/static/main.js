// The page: its parts, and what passes between them.

import { Announcer } from "./announcer.js";
import { Attention, isNamed } from "./attention.js";
import { Commands } from "./commands.js";
import { Composer } from "./composer.js";
import { Login, Naming } from "./entry.js";
import { Focus } from "./focus.js";
import { Link } from "./link.js";
import { Memory } from "./memory.js";
import { Panels } from "./panels.js";
import { People } from "./people.js";
import { Room } from "./room.js";
import { copied } from "./rows.js";
import { Search } from "./search.js";
import { Ignored, Settings } from "./settings.js";
import { Status } from "./status.js";
import { Tabs } from "./tabs.js";
import { lines, View } from "./view.js";
import { historyLine, sinceLine } from "./words.js";

const find = (id) => document.getElementById(id);
const isReading = new URLSearchParams(location.search).get("view") === "read";
document.documentElement.classList.toggle("read", isReading);

const focus = new Focus(find("text"), find("lines"));
const memory = new Memory(location.pathname);
const url = new URL("ws", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
url.search = "";
url.hash = "";
const identity = () => (isReading ? { isQuiet: true, key: memory.key } : { name: memory.name, key: memory.key });

const tabs = new Tabs(`broadcast ${location.pathname} ${isReading ? "read" : ""}`, (before) => {
  const link = new Link(url.href, identity, before.secret);
  link.given = before.given ?? null;
  return link;
});
const room = new Room(tabs, memory);
const ignored = new Ignored(memory);
const announcer = new Announcer(find("announcer"));
const attention = new Attention({ icon: find("icon"), button: find("latest"), label: find("unread") }, memory);
const view = new View(
  { scroller: find("lines"), rows: find("rows"), pending: find("pending"), older: find("older") },
  (word, position, count, done) => {
    const line = word === "since" ? sinceLine(position) : historyLine(count, position);
    tabs.ask(word, line, (events) => {
      if (events === null) return done(null);
      const last = events.at(-1);
      if (last.event === "error") return done({ entries: [], more: false, missing: 0 });
      const said = events.filter(({ event }) => event === "message");
      const { more, first, position: end } = last;
      return done({ entries: said.map(entry).filter(Boolean), more, first, last: end, missing: events[0].missing });
    });
  },
);
const people = new People(
  { panel: find("people"), list: find("names"), more: find("more-names"), count: find("count"), filter: find("filter") },
  room,
  (...what) => tabs.ask(...what),
);
const notice = (text, ...names) => view.add({ kind: "notice", text, names });

// What the view shows of a message; null of one who is ignored.
function entry(event) {
  if (ignored.has(event.name)) return null;
  const own = event.name === room.name;
  const mention = !own && isNamed(event.text, room.name);
  return { kind: "line", ...event, position: `${room.epoch}:${event.id}`, own, mention };
}

const login = new Login(
  { form: find("login"), name: find("login-name"), secret: find("login-secret"), error: find("login-error"), usage: find("login-usage") },
  tabs,
  memory,
);
const naming = new Naming(
  { first: find("first"), firstName: find("first-name"), firstError: find("first-error"), later: find("later"), form: find("rename"), name: find("name"), error: find("rename-error"), notMe: find("not-me") },
  room,
  memory,
  () => tabs.forget(),
);
const commands = new Commands({
  room,
  tabs,
  people,
  ignored,
  login,
  show: {
    notice: (text) => notice(text),
    problem: (text) => composer.say(text),
    lines(title, events, end) {
      view.add({ kind: "mark", text: title });
      for (const event of events) view.add({ ...entry(event), position: "" });
      if (end) view.add({ kind: "mark", text: end });
    },
  },
});
const composer = new Composer(
  { form: find("composer"), text: find("text"), problem: find("problem"), question: find("question"), questionText: find("question-text") },
  { room, memory, act: (meant) => commands.do(meant), names: () => people.known() },
);
const status = new Status({ text: find("status"), countdown: find("countdown"), retry: find("retry") }, tabs);
const search = new Search(
  { form: find("search"), words: find("search-words"), from: find("search-from"), result: find("search-result"), back: find("search-back") },
  view,
);
new Settings({ size: find("size"), notify: find("notify"), sound: find("sound"), problem: find("settings-problem") }, memory, attention);
new Panels([
  { button: find("search-button"), panel: find("search"), shown: () => search.look(), left: () => search.left() },
  { button: find("people-button"), panel: find("people"), shown: () => people.refresh() },
  { button: find("settings-button"), panel: find("settings") },
]);

// What the room tells.

let told = ""; // the last farewell: told once, however often it is tried again

const hear = {
  welcome(event) {
    told = "";
    login.done();
    naming.show(event.name);
    naming.ask();
    people.counted(event.count);
    if (event.text) notice(event.text);
    people.refresh();
    composer.say("");
  },
  message(event) {
    const shown = entry(event);
    if (!shown) return;
    people.spoke(event.name);
    if (shown.own) view.came(event.text);
    const isNew = !shown.own && !event.replayed;
    view.add({ ...shown, counts: isNew });
    if (isNew && !view.isSeen) attention.count(shown.mention);
    if (isNew && shown.mention && document.hidden && tabs.leads) attention.named(event.name, event.text);
    if (!event.replayed) announcer.add(`${shown.own ? "you" : event.name}: ${event.text}`);
  },
  join(event) {
    people.counted(event.count);
    people.came(event.name);
    if (!event.quiet) notice(`${event.name} joined`, event.name);
  },
  leave(event) {
    people.counted(event.count);
    people.went(event.name);
    if (!event.quiet) notice(`${event.name} left`, event.name);
  },
  rename(event) {
    people.went(event.name);
    people.came(event.to);
    if (event.isOwn) {
      naming.show(event.to);
      naming.ask();
    }
    if (!event.quiet) notice(`${event.name} is now ${event.to}`, event.name, event.to);
  },
  presence(event) {
    people.counted(event.count);
    people.refreshSoon();
    if (event.joined || event.left) notice(`${event.joined} joined, ${event.left} left`);
  },
  notice(event) {
    notice(event.text);
    announcer.add(event.text);
  },
  error(event) {
    if (event.command === "login") {
      if (room.isLoginWanted) login.refused(event.text);
    } else if (event.command === "name" && !memory.name) {
      // the name that the server gave before is somebody else's now
    } else composer.say(event.text);
  },
  bye(event) {
    if (event.text !== told) notice(event.text);
    told = event.text;
    if (event.code === "login-failed" || event.code === "login-timeout") login.refused(event.text);
    else if (!event.reconnect) composer.say(`${event.text}. Say something to come back.`);
  },
};

room.addEventListener("event", ({ detail }) => hear[detail.event]?.(detail));
room.addEventListener("state", ({ detail }) => status.show(detail));
room.addEventListener("login", ({ detail }) => {
  naming.ask();
  login.ask(detail.text, !isReading && focus.isFree && !find("text").value);
  if (!find("problem").textContent) composer.say("log in first: what you write here stays until then");
});
room.addEventListener("gap", ({ detail: { missing } }) => {
  const text =
    missing === null
      ? "the server has begun anew: what was said before is gone"
      : `${lines(missing)} ${missing === 1 ? "is" : "are"} older than what the server gives`;
  view.add({ kind: "mark", gap: true, text });
});
room.addEventListener("synced", ({ detail }) => {
  if (detail.isResumed) return;
  view.begun(detail.first, detail.hasOlder);
  view.add({ kind: "mark", text: "you came" });
});
room.addEventListener("pending", ({ detail: { token, text } }) => view.send(token, text));
room.addEventListener("settled", ({ detail: { token } }) => view.settle(token));
room.addEventListener("unsent", ({ detail: { texts, why } }) => {
  const reasons = {
    login: "log in first: what you write here stays until then",
    doubt: "This may not have been said. Look, and send it again if it is missing.",
  };
  composer.giveBack(texts, reasons[why] ?? why);
});

view.addEventListener("looked", () => attention.none());
for (const kind of ["looked", "built", "moved"]) {
  view.addEventListener(kind, () => attention.showButton(!view.follows || !view.isWhole));
}
find("latest").addEventListener("click", () => view.toLatest());
find("lines").addEventListener("copy", (event) => {
  const range = getSelection().rangeCount ? getSelection().getRangeAt(0) : null;
  const rows = [...document.querySelectorAll("#lines .row")].filter((row) => range?.intersectsNode(row) && !row.hidden);
  if (rows.length < 2) return; // a part of a line is copied as it is
  event.clipboardData.setData("text/plain", copied(rows));
  event.preventDefault();
});
find("skip").addEventListener("click", (event) => {
  event.preventDefault();
  find("text").focus();
});

tabs.addEventListener("forget", () => {
  room.forget();
  composer.forget();
  memory.forget();
  location.reload();
});

for (const [token, { text }] of room.outbox.lines) view.send(token, text);
tabs.seek();
if (!isReading) find("text").focus();
