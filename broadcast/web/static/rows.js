// The rows: what one line looks like. Remote text is only ever set as text.

import { pieces } from "./links.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function colour(name) {
  let hash = 7;
  for (const char of name.toLowerCase()) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return `n${hash % 12}`;
}

export function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function linked(into, text) {
  for (const piece of pieces(text)) {
    if (!piece.href) {
      into.append(piece.text);
      continue;
    }
    const link = element("a", "", piece.text);
    link.href = piece.href;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    into.append(link);
  }
}

const isAction = (text) => text.startsWith("* ") && text.length > 2;

// One line that was said: {name, text, at, own, mention}.
export function said({ name, text, at, own, mention }) {
  const row = element("div", "row said");
  row.classList.toggle("own", Boolean(own));
  row.classList.toggle("mention", Boolean(mention));
  row.classList.toggle("action", isAction(text));
  const when = new Date(at);
  const time = element("time", "", clock.format(when));
  time.dateTime = at;
  time.title = both.format(when);
  const who = element("span", `who ${colour(name)}`);
  who.append(element("bdi", "", name));
  const words = element("span", "text");
  words.dir = "auto";
  linked(words, isAction(text) ? text.slice(2) : text);
  row.append(time, who);
  if (own) row.append(element("span", "you", " you"));
  row.append(element("span", "hidden", isAction(text) ? " " : ": "), words);
  return row;
}

export function sending(text) {
  const row = element("div", "row said own sending");
  const words = element("span", "text", text);
  words.dir = "auto";
  row.append(words, element("span", "hidden", " (sending)"));
  return row;
}

// What the server tells; of names in it, each keeps its own direction.
export function notice(text, names = []) {
  const row = element("div", "row notice");
  if (!names.length) row.dir = "auto";
  let from = 0;
  for (const name of names) {
    const at = text.indexOf(name, from);
    row.append(text.slice(from, at), element("bdi", "", name));
    from = at + name.length;
  }
  row.append(text.slice(from));
  return row;
}

export function mark(text, more = "") {
  const row = element("div", `row mark ${more}`);
  row.append(element("span", "", text));
  return row;
}

// The day of a line, as a number that grows, and its mark.
export function dayOf(at) {
  const when = new Date(at);
  return when.getFullYear() * 10000 + when.getMonth() * 100 + when.getDate();
}

export function dayMark(at) {
  return mark(date.format(new Date(at)), "day");
}

// What a selection of rows is when it is copied: a line each.
export function copied(rows) {
  return rows
    .map((row) => {
      if (!row.matches(".said")) return row.textContent;
      const when = row.querySelector("time")?.dateTime;
      const stamp = when ? `[${local(new Date(when))}] ` : "";
      const name = row.querySelector(".who")?.textContent ?? "";
      const gap = row.matches(".action") ? " " : ": ";
      return `${stamp}${name}${name && gap}${row.querySelector(".text").textContent}`;
    })
    .join("\n");
}

function local(when) {
  const two = (number) => String(number).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}`;
}
