// The search, in the lines that are loaded: words are found one after the other; a name
// leaves only its lines.

import { fold } from "./words.js";

export class Search {
  constructor({ form, words, from, result, back }, view) {
    Object.assign(this, { form, words, from, result, view });
    this.found = [];
    this.at = -1;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.go(1);
    });
    back.addEventListener("click", () => this.go(-1));
    words.addEventListener("input", () => this.look());
    from.addEventListener("input", () => this.look());
    view.addEventListener("built", ({ detail }) => this.built(detail.items));
  }

  get isOn() {
    return !this.form.hidden && Boolean(this.words.value.trim() || this.from.value.trim());
  }

  // New rows: filtered, too. What is found is looked for again at the next step.
  built(items) {
    if (!this.isOn) return;
    for (const item of items) this.filter(item);
    this.isOld = true;
  }

  filter({ node, kind, name }) {
    const wanted = fold(this.from.value.trim());
    node.hidden = Boolean(wanted) && !(kind === "line" ? fold(name).includes(wanted) : kind === "day");
  }

  look() {
    for (const item of this.view.span.items) {
      if (this.isOn) this.filter(item);
      else item.node.hidden = false;
    }
    this.collect();
    this.at = this.found.length;
    if (this.words.value.trim()) this.go(-1);
    else this.tell();
  }

  collect() {
    const wanted = fold(this.words.value.trim());
    this.clear();
    const isIt = ({ node, kind }) =>
      kind === "line" && !node.hidden && fold(node.querySelector(".text").textContent).includes(wanted);
    this.found = this.isOn ? this.view.span.items.filter(isIt).map(({ node }) => node) : [];
    if (wanted) for (const node of this.found) node.classList.add("found");
    this.isOld = false;
  }

  // Goes to the next one, or the one before.
  go(step) {
    const now = this.found[this.at];
    if (this.isOld) {
      this.collect();
      this.at = this.found.indexOf(now);
      if (this.at < 0 && step < 0) this.at = 0; // from none to the last one
    }
    this.found[this.at]?.classList.remove("current");
    const { length } = this.found;
    this.at = length ? (this.at + step + length) % length : -1;
    const node = this.found[this.at];
    node?.classList.add("current");
    node?.scrollIntoView({ block: "center" });
    this.tell();
  }

  tell() {
    const { length } = this.found;
    const place = this.words.value.trim() && length ? `${this.at + 1} of ${length}` : `${length} found`;
    this.result.textContent = this.isOn ? place : "";
  }

  clear() {
    for (const node of this.found) node.classList.remove("found", "current");
    this.found = [];
  }

  left() {
    for (const { node } of this.view.span.items) node.hidden = false;
    this.clear();
    this.tell();
    this.view.keep();
  }
}
