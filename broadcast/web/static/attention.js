// The attention: what is new since one looked, in the title, the icon and the button to
// the newest; and, if asked for, a desktop notification and a sound for one's own name.

export class Attention {
  constructor({ icon, button, label }, memory) {
    Object.assign(this, { icon, button, label, memory });
    this.title = document.title;
    this.unread = 0;
    this.mentions = 0;
    this.plain = icon.getAttribute("href");
  }

  count(isMention) {
    this.unread += 1;
    if (isMention) this.mentions += 1;
    this.showSoon();
  }

  none() {
    if (!this.unread) return;
    this.unread = 0;
    this.mentions = 0;
    this.show();
  }

  showSoon() {
    this.timer ??= setTimeout(() => this.show(), 100);
  }

  show() {
    clearTimeout(this.timer);
    this.timer = null;
    const { unread, mentions } = this;
    const named = mentions ? `, @${mentions}` : "";
    document.title = unread ? `(${unread}${named}) ${this.title}` : this.title;
    const icon = mentions ? this.plain.replace("icon.svg", "icon-named.svg") : this.plain;
    if (this.icon.getAttribute("href") !== icon) this.icon.setAttribute("href", icon);
    this.label.textContent = unread;
    this.showButton();
  }

  // The button leads to the newest, whenever they are out of sight.
  showButton(isAway = this.isAway) {
    this.isAway = isAway;
    this.button.hidden = !isAway;
  }

  // Somebody said one's name, and one doesn't look.
  named(name, text) {
    if (this.memory.choice("sound", "off") === "on") this.ring();
    if (this.memory.choice("notify", "off") !== "on") return;
    try {
      const shown = new Notification(name, { body: text.slice(0, 200), tag: `${this.title} ${text}`, icon: this.plain });
      shown.onclick = () => {
        window.focus();
        shown.close();
      };
    } catch {
      // Some browsers let only service workers notify.
    }
  }

  ring() {
    try {
      this.audio ??= new AudioContext();
      const tone = this.audio.createOscillator();
      const volume = this.audio.createGain();
      const now = this.audio.currentTime;
      tone.frequency.value = 660;
      volume.gain.setValueAtTime(0.15, now);
      volume.gain.exponentialRampToValueAtTime(0.001, now + 0.4);
      tone.connect(volume).connect(this.audio.destination);
      tone.start(now);
      tone.stop(now + 0.4);
    } catch {
      // no sound here
    }
  }
}

// Tells whether a text names somebody: the whole name, in any case.
export function isNamed(text, name) {
  if (!name) return false;
  const folded = name.toLowerCase();
  const isIt = (word) => word === folded || word.replace(/[._-]+$/u, "") === folded;
  return text.toLowerCase().split(/[^\p{L}\p{N}\p{M}_.-]+/u).some(isIt);
}
