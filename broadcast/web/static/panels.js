// The panels: each has a button; one is open at a time; Escape leaves it, and the focus
// is where it was; who is elsewhere stays there.

export class Panels {
  constructor(pairs) {
    this.pairs = pairs; // [{button, panel, shown, left}]
    for (const pair of pairs) {
      pair.button.addEventListener("click", () => this.show(pair, pair.panel.hidden));
      pair.panel.querySelector("[data-close]")?.addEventListener("click", () => this.show(pair, false));
    }
    document.addEventListener("keydown", (key) => {
      if (key.key !== "Escape" || key.isComposing) return;
      const open = this.pairs.find(({ panel }) => !panel.hidden);
      if (!open || key.defaultPrevented) return;
      key.preventDefault();
      this.show(open, false);
    });
  }

  show(pair, isShown) {
    if (isShown) for (const other of this.pairs) if (other !== pair) this.set(other, false);
    const { activeElement, body } = document;
    const isLeft = activeElement === body || pair.panel.contains(activeElement);
    this.set(pair, isShown);
    if (isShown) (pair.panel.querySelector("input") ?? pair.panel).focus();
    else if (isLeft) pair.button.focus();
  }

  set(pair, isShown) {
    if (pair.panel.hidden !== isShown) return;
    pair.panel.hidden = !isShown;
    pair.button.setAttribute("aria-expanded", String(isShown));
    (isShown ? pair.shown : pair.left)?.();
  }
}
