// The completion of the word before the cursor: a command, or somebody's name. No
// document here.

import { COMMANDS, fold } from "./words.js";

// What may stand there instead: {from, found}, found in the order to be offered.
export function candidates(text, cursor, names) {
  const before = text.slice(0, cursor);
  const start = before.lastIndexOf("\n") + 1;
  const from = Math.max(before.lastIndexOf(" ") + 1, start);
  const word = before.slice(from);
  if (!word) return { from, found: [] };
  if (from === start && word.startsWith("/") && !word.startsWith("//")) {
    const typed = word.slice(1).toLowerCase();
    const found = Object.keys(COMMANDS).filter((name) => name.startsWith(typed));
    return { from, found: found.map((name) => `/${name} `) };
  }
  const sign = word.startsWith("@") ? "@" : "";
  const typed = fold(word.slice(sign.length));
  if (!typed) return { from, found: [] };
  const end = from === start ? ": " : " ";
  const found = names.filter((name) => fold(name).startsWith(typed));
  return { from, found: found.map((name) => `${sign}${name}${end}`) };
}

// Goes through the candidates, one more at each call, as long as nothing else is typed.
export class Completion {
  constructor(names) {
    this.names = names;
  }

  // Returns {text, cursor}, or null if there is nothing to complete.
  next(text, cursor) {
    if (!this.last || this.last.text !== text || this.last.cursor !== cursor) {
      const { from, found } = candidates(text, cursor, this.names());
      if (!found.length) return null;
      this.round = { from, found, before: text.slice(0, from), after: text.slice(cursor), number: -1 };
    }
    const { found, before, after } = this.round;
    this.round.number = (this.round.number + 1) % found.length;
    const chosen = found[this.round.number];
    this.last = { text: before + chosen + after, cursor: before.length + chosen.length };
    return this.last;
  }
}
