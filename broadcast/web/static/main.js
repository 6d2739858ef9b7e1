// The page: what the person does, and what the room says.

import { Link } from "./link.js";
import { People } from "./people.js";
import { View } from "./view.js";

const find = (id) => document.getElementById(id);
const text = find("text");
const problem = find("problem");
const title = document.title;
let longest = 8000;

const url = new URL("/ws", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const link = new Link(url.href);

const view = new View(find("lines"), find("latest"), find("unread"), (unread) => {
  document.title = unread ? `(${unread}) ${title}` : title;
});

const people = new People(
  {
    button: find("people-button"),
    panel: find("people"),
    list: find("names"),
    more: find("more-names"),
    count: find("count"),
  },
  () => link.command("/who"),
);

const notice = (words) => view.add({ kind: "notice", text: words });

function isMention(words) {
  const name = link.name.toLowerCase();
  return words.toLowerCase().split(/[^\p{L}\p{N}\p{M}_.-]+/u).some((word) => word === name || word === `${name}.`);
}

const show = {
  welcome(event) {
    find("name").value = event.name;
    longest = event.max_line - 100;
    people.counted(event.count);
    if (event.text) notice(event.text);
  },
  message(event) {
    const own = event.name === link.name;
    if (own) view.sentText(event.text);
    view.add({
      kind: "said",
      name: event.name,
      text: event.text,
      at: event.at,
      own,
      mention: !own && isMention(event.text),
      counts: !own && !event.replayed,
    });
  },
  replayed({ resumed }) {
    if (!resumed) view.add({ kind: "mark", text: "you came" });
  },
  join(event) {
    people.counted(event.count);
    people.came(event.name);
    if (!event.quiet) notice(`${event.name} joined`);
  },
  leave(event) {
    people.counted(event.count);
    people.went(event.name);
    if (!event.quiet) notice(`${event.name} left`);
  },
  rename(event) {
    people.went(event.name);
    people.came(event.to);
    find("name").value = link.name;
    find("status").textContent = `connected as ${link.name}`;
    if (!event.quiet) notice(`${event.name} is now ${event.to}`);
  },
  presence(event) {
    people.counted(event.count);
    people.askSoon();
    if (event.joined || event.left) notice(`${event.joined} joined, ${event.left} left`);
  },
  who(event) {
    people.who(event);
  },
  ack(event) {
    view.sent(event.token);
  },
  login(event) {
    problem.textContent = event.text;
  },
  notice(event) {
    notice(event.text);
  },
  error(event) {
    problem.textContent = event.text;
    if (event.token) view.sent(event.token);
    if (event.unsaid && !text.value) text.value = event.unsaid;
  },
  bye(event) {
    notice(event.text);
    if (!event.reconnect) problem.textContent = `${event.text}. Say something to come back.`;
  },
};

link.addEventListener("event", ({ detail }) => show[detail.event]?.(detail));

link.addEventListener("state", ({ detail }) => {
  const status = find("status");
  status.dataset.state = detail.state;
  status.textContent = detail.text;
});

link.addEventListener("gap", ({ detail: { missing } }) => {
  const words =
    missing === null
      ? "the server has begun anew: what was said before is gone"
      : `${missing} ${missing === 1 ? "line is" : "lines are"} gone for good`;
  view.add({ kind: "mark", gap: true, text: words });
});

link.addEventListener("unsent", ({ detail: { texts } }) => {
  for (const token of [...view.pending.keys()]) view.sent(token);
  text.value = [...texts, text.value].filter(Boolean).join("\n");
  problem.textContent = "This may not have been said. Look, and send it again if it is missing.";
  grow();
});

function act(line) {
  const [word, ...rest] = line.split(/\s+/);
  if (word === "/name" || word === "/nick") link.rename(rest.filter(Boolean).join("-"));
  else if (word === "/format") problem.textContent = "This page needs the json format.";
  else link.command(line);
}

function send() {
  problem.textContent = "";
  const left = [];
  for (const line of text.value.split("\n")) {
    if (!line) continue;
    if (line.startsWith("/") && !line.startsWith("//")) {
      act(line);
      continue;
    }
    const said = line.startsWith("//") ? line.slice(1) : line;
    if (new TextEncoder().encode(said).length > longest) {
      problem.textContent = `A line may have ${longest} bytes: this one was not sent.`;
      left.push(line);
      continue;
    }
    view.sending(link.say(said), said);
  }
  text.value = left.join("\n");
  grow();
}

function grow() {
  text.style.setProperty("height", "auto");
  text.style.setProperty("height", `${text.scrollHeight + 2}px`);
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
  text.focus();
});

text.addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.shiftKey && !key.isComposing) {
    key.preventDefault();
    send();
  }
});

text.addEventListener("input", grow);

find("rename").addEventListener("submit", (event) => {
  event.preventDefault();
  problem.textContent = "";
  link.rename(find("name").value.trim().replaceAll(/\s+/g, "-"));
});

link.open();
text.focus();
