// The settings: the size of the text, notifications and sounds (off until asked for),
// and who is ignored.

import { fold } from "./words.js";

const SIZES = { small: 87.5, normal: 100, large: 125, huge: 162.5 };

export class Settings {
  constructor({ size, notify, sound, problem }, memory, attention) {
    Object.assign(this, { size, notify, sound, problem, memory });
    const kept = memory.choice("size", "normal");
    size.value = Object.hasOwn(SIZES, kept) ? kept : "normal";
    notify.checked = memory.choice("notify", "off") === "on";
    sound.checked = memory.choice("sound", "off") === "on";
    size.addEventListener("change", () => {
      memory.choose("size", size.value);
      this.resize();
    });
    notify.addEventListener("change", () => this.allow());
    sound.addEventListener("change", () => {
      memory.choose("sound", sound.checked ? "on" : "off");
      if (sound.checked) attention.ring();
    });
    this.resize();
  }

  resize() {
    document.documentElement.style.setProperty("font-size", `${SIZES[this.size.value]}%`);
  }

  async allow() {
    this.problem.textContent = "";
    let isAllowed = this.notify.checked;
    if (isAllowed) {
      const answer = "Notification" in window ? await Notification.requestPermission() : "missing";
      isAllowed = answer === "granted";
      if (!isAllowed) this.problem.textContent = "The browser doesn't allow it: over https, its settings for this page may.";
    }
    this.notify.checked = isAllowed;
    this.memory.choose("notify", isAllowed ? "on" : "off");
  }
}

export class Ignored {
  constructor(memory) {
    this.memory = memory;
  }

  get names() {
    return (this.memory.choice("ignored", "") || "").split(" ").filter(Boolean);
  }

  has(name) {
    return this.names.some((other) => fold(other) === fold(name));
  }

  add(name) {
    if (!this.has(name)) this.memory.choose("ignored", [...this.names, name].join(" "));
  }

  remove(name) {
    const had = this.has(name);
    this.memory.choose("ignored", this.names.filter((other) => fold(other) !== fold(name)).join(" "));
    return had;
  }
}
