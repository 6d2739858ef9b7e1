// The focus: when what has it is hidden or removed, it goes to where one writes, and not
// to nowhere. Who is elsewhere meanwhile stays there.

const isGone = (node) => !node.isConnected || Boolean(node.closest("[hidden]"));

export class Focus {
  // text is where one writes; lines, where one reads, stands in for it: where it is not
  // shown, and where the keyboard of a touch screen would cover what one looks at.
  constructor(text, lines) {
    Object.assign(this, { text, lines });
    this.last = null;
    document.addEventListener("focusin", () => this.look());
    const watched = { subtree: true, childList: true, attributeFilter: ["hidden"] };
    new MutationObserver(() => this.look()).observe(document.body, watched);
  }

  // Tells whether the person is in none of the page's other controls.
  get isFree() {
    const { activeElement } = document;
    return [null, document.body, this.text].includes(activeElement) || isGone(activeElement);
  }

  // A window in the background tells of no focus: so it is looked for at each change.
  look() {
    const { activeElement } = document;
    const isSomewhere = activeElement && activeElement !== document.body;
    if (isSomewhere && !isGone(activeElement)) this.last = activeElement;
    const { last } = this;
    if (!last || !isGone(last)) return;
    this.last = null;
    const isTouched = matchMedia("(pointer: coarse)").matches && last.localName !== "input";
    const refuge = isTouched || !this.text.checkVisibility() ? this.lines : this.text;
    refuge.focus({ preventScroll: true });
  }
}
