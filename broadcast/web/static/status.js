// The status: whether there is a connection; if not, why, when it is tried again, and a
// button that doesn't wait.

export class Status {
  constructor({ text, countdown, retry }, tabs) {
    Object.assign(this, { text, countdown, retry });
    retry.addEventListener("click", () => tabs.call("open"));
  }

  show({ state, text, until, isOver }) {
    clearInterval(this.ticking);
    if (this.text.textContent !== text) this.text.textContent = text;
    this.text.title = text;
    this.text.dataset.state = state;
    this.retry.hidden = state !== "away";
    this.retry.textContent = isOver ? "Come back" : "Try now";
    this.countdown.textContent = "";
    if (state !== "away" || !until) return;
    const count = () => {
      const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      this.countdown.textContent = `again in ${seconds} s`;
    };
    count();
    this.ticking = setInterval(count, 1000);
  }
}
