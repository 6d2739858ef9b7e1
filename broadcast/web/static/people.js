// Who is here: asked for when it is looked at, kept up by what is announced.

import { colour } from "./view.js";

const SHOWN = 200;
const ASK_AFTER = 3000;

export class People {
  constructor({ button, panel, list, more, count }, ask) {
    Object.assign(this, { button, panel, list, more, countLabel: count, ask });
    this.names = new Set();
    this.piece = new Set();
    this.count = 0;
    button.addEventListener("click", () => this.show(panel.hidden));
    panel.addEventListener("keydown", (key) => {
      if (key.key === "Escape") this.show(false);
    });
  }

  show(isShown) {
    this.panel.hidden = !isShown;
    this.button.setAttribute("aria-expanded", String(isShown));
    if (isShown) this.ask();
    else this.button.focus();
  }

  counted(count) {
    this.count = count;
    this.countLabel.textContent = count;
  }

  // A long list comes in pieces, each true when it is told: what is announced between
  // them applies to what has been told.
  who({ names, count, more }) {
    for (const name of names) this.piece.add(name);
    if (more) return;
    this.names = this.piece;
    this.piece = new Set();
    this.counted(count);
    this.draw();
  }

  came(name) {
    this.names.add(name);
    this.piece.add(name);
    this.drawSoon();
  }

  went(name) {
    this.names.delete(name);
    this.piece.delete(name);
    this.drawSoon();
  }

  askSoon() {
    if (this.panel.hidden || this.asking) return;
    this.asking = setTimeout(() => {
      this.asking = null;
      this.ask();
    }, ASK_AFTER);
  }

  drawSoon() {
    if (this.panel.hidden || this.drawing) return;
    this.drawing = setTimeout(() => {
      this.drawing = null;
      this.draw();
    }, 200);
  }

  draw() {
    const names = [...this.names].sort((a, b) => a.localeCompare(b));
    this.list.replaceChildren(
      ...names.slice(0, SHOWN).map((name) => {
        const row = document.createElement("li");
        row.className = colour(name);
        row.textContent = name;
        return row;
      }),
    );
    const rest = Math.max(names.length, this.count) - Math.min(names.length, SHOWN);
    this.more.hidden = rest <= 0;
    this.more.textContent = `and ${rest} more`;
  }
}
