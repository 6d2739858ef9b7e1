// The people: who is here, asked for when it is looked at, and kept up by what is
// announced.

import { colour, element } from "./rows.js";
import { fold, whoLine } from "./words.js";

const SHOWN = 200;
const ASK_AFTER = 3000;
const DRAW_AFTER = 200;

export class People {
  constructor({ panel, list, more, count, filter }, room, ask) {
    Object.assign(this, { panel, list, more, countLabel: count, filter, room, ask });
    this.names = new Set();
    this.quiet = new Set();
    this.talkers = new Set(); // who spoke, the last one last
    this.count = 0;
    filter.addEventListener("input", () => this.draw());
  }

  get isShown() {
    return !this.panel.hidden;
  }

  // The names for completion: who spoke last first.
  known() {
    return [...new Set([...[...this.talkers].reverse(), ...this.names])].filter((name) => name !== this.room.name);
  }

  refresh() {
    this.ask("who", whoLine(), (events) => {
      if (!events || events.at(-1).event !== "who") return;
      this.names = new Set(events.flatMap(({ names }) => names));
      this.quiet = new Set(events.flatMap(({ quiet }) => quiet ?? []));
      this.counted(events.at(-1).count);
      this.draw();
    });
  }

  counted(count) {
    this.count = count;
    this.countLabel.textContent = count;
  }

  spoke(name) {
    this.talkers.delete(name);
    this.talkers.add(name);
    if (this.talkers.size > SHOWN) this.talkers.delete(this.talkers.values().next().value);
  }

  came(name) {
    this.names.add(name);
    this.drawSoon();
  }

  went(name) {
    this.names.delete(name);
    this.quiet.delete(name);
    this.talkers.delete(name);
    this.drawSoon();
  }

  // Many came and went at once: their names must be asked for.
  refreshSoon() {
    this.asking ??= setTimeout(() => {
      this.asking = null;
      this.refresh();
    }, ASK_AFTER);
  }

  drawSoon() {
    if (!this.isShown) return;
    this.drawing ??= setTimeout(() => {
      this.drawing = null;
      this.draw();
    }, DRAW_AFTER);
  }

  draw() {
    if (!this.isShown) return;
    const wanted = fold(this.filter.value.trim());
    const found = [...this.names].filter((name) => fold(name).includes(wanted));
    found.sort((one, other) => (other === this.room.name) - (one === this.room.name) || one.localeCompare(other));
    this.list.replaceChildren(...found.slice(0, SHOWN).map((name) => this.row(name)));
    const rest = (wanted ? found.length : Math.max(found.length, this.count)) - Math.min(found.length, SHOWN);
    this.more.hidden = rest <= 0 && found.length > 0;
    this.more.textContent = found.length ? `and ${rest} more` : "nobody";
  }

  row(name) {
    const row = element("li");
    const who = element("bdi", `name ${colour(name)}`, name);
    row.append(who);
    if (name === this.room.name) row.append(element("span", "you", " you"));
    if (this.quiet.has(name)) row.append(element("span", "you", " quiet"));
    return row;
  }
}
