// The announcer: what a screen reader reads out. Rows are not announced themselves: a
// few lines are read as they are, many are told as a number.

const EVERY = 1500;
const FEW = 4;

export class Announcer {
  constructor(region) {
    this.region = region;
    this.waiting = [];
    this.count = 0;
  }

  add(text) {
    this.count += 1;
    if (this.waiting.length <= FEW) this.waiting.push(text);
    if (!this.timer) this.timer = setTimeout(() => this.tell(), this.isQuiet ? 100 : EVERY);
    this.isQuiet = false;
  }

  tell() {
    const texts = this.count <= FEW ? this.waiting : [`${this.count} new lines`];
    this.region.replaceChildren(
      ...texts.map((text) => {
        const row = document.createElement("p");
        row.textContent = text;
        return row;
      }),
    );
    this.waiting = [];
    this.count = 0;
    // What comes soon after is collected, so that it is folded if it is much.
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.count) this.tell();
      else this.isQuiet = true;
    }, EVERY);
  }
}
