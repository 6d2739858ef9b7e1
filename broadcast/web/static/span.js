// The span of lines that is in the document: one unbroken stretch of the log, to be
// lengthened at either end and cut at the other.

import { dayMark, dayOf, mark, said } from "./rows.js";

const isPlaced = ({ position }) => Boolean(position);

// The position that is so many ids further on.
function moved(position, by) {
  const at = position.lastIndexOf(":") + 1;
  return position && position.slice(0, at) + Math.max(0, Number(position.slice(at)) + by);
}

// An item: {node, kind} and, of a line, {position, name, day, at}.
//
// Lines that are shown again have no position. Where no other ones are left, the edge is
// where the span was cut: its lines are from there on, or up to there. Lines of those who
// are ignored are in no item: the span reaches over them, from start on and up to end.
export class Span {
  constructor(into) {
    this.into = into;
    this.items = [];
    this.edge = ""; // the position before which all is cut, or from which on
    this.start = ""; // the first position that was asked for; "": that of the first item
    this.end = ""; // the last one
  }

  get length() {
    return this.items.length;
  }

  get first() {
    return this.start || (this.items.find(isPlaced)?.position ?? this.edge);
  }

  get last() {
    return this.end || (this.items.findLast(isPlaced)?.position ?? moved(this.edge, -1));
  }

  line(entry) {
    const { position, name, at } = entry;
    return { kind: "line", node: said(entry), position, name, at, day: dayOf(at) };
  }

  // The items, with a mark where a day begins, and names where another one speaks.
  marked(items, before) {
    const found = [];
    let previous = before;
    for (const item of items) {
      if (item.kind === "line") {
        if (item.day !== previous?.day && item.day !== this.dayBefore(found, before)) {
          found.push({ kind: "day", node: dayMark(item.at), day: item.day });
          previous = null;
        }
        this.name(item, previous);
      }
      previous = item;
      found.push(item);
    }
    return found;
  }

  dayBefore(found, before) {
    return found.findLast((item) => item.day)?.day ?? (before ? this.items.findLast((item) => item.day)?.day : null);
  }

  name(item, previous) {
    item.node.classList.toggle("first", previous?.kind !== "line" || previous.name !== item.name);
  }

  append(items, end = "") {
    if (end || items.some(isPlaced)) this.end = end;
    const more = this.marked(items, this.items.at(-1) ?? null);
    const rows = document.createDocumentFragment();
    for (const { node } of more) rows.append(node);
    this.into.append(rows);
    this.items.push(...more);
  }

  prepend(items, start = "") {
    if (start || items.some(isPlaced)) this.start = start;
    this.drop((item) => item.kind === "passed");
    const more = this.marked(items, null);
    const next = this.items[0];
    const last = more.at(-1);
    if (next?.kind === "day" && next.day === last?.day) this.removeFirst();
    const follower = this.items[0];
    if (follower?.kind === "line") this.name(follower, last);
    const rows = document.createDocumentFragment();
    for (const { node } of more) rows.append(node);
    this.into.prepend(rows);
    this.items.unshift(...more);
  }

  removeFirst() {
    this.items.shift().node.remove();
  }

  // Cuts the beginning off; the day of what is first then stands above it.
  cutFirst(count) {
    const cut = this.items.splice(0, count);
    for (const { node } of cut) node.remove();
    this.leave(cut);
    const next = this.items[0];
    if (next?.kind !== "line") return;
    const day = { kind: "day", node: dayMark(next.at), day: next.day };
    this.name(next, null);
    this.into.prepend(day.node);
    this.items.unshift(day);
  }

  cutLast(count) {
    const cut = this.items.splice(this.items.length - count, count);
    for (const { node } of cut) node.remove();
    const first = cut.find(isPlaced);
    if (!first) return;
    this.edge = first.position;
    this.end = "";
  }

  // These items, or entries, are above the span, and not in it.
  leave(items) {
    const last = items.findLast(isPlaced);
    if (!last) return;
    this.edge = moved(last.position, 1);
    this.start = "";
  }

  // Notes, at the beginning, how many lines before it were never shown.
  passed(count, text) {
    const item = { kind: "passed", node: mark(text, "gap passed"), count };
    this.into.prepend(item.node);
    this.items.unshift(item);
  }

  drop(isDropped) {
    this.items = this.items.filter((item) => {
      if (isDropped(item)) item.node.remove();
      return !isDropped(item);
    });
  }

  clear() {
    this.items = [];
    this.start = "";
    this.end = "";
    this.into.replaceChildren();
  }
}
