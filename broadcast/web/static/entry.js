// The entry: who one is. A login where the server asks for one, and a name, asked for
// once; both in forms of their own, with their errors beside them.

import { fold, isName, loginLine, WordsError } from "./words.js";

// Calls does, and shows what it finds wrong in the field for errors.
function attempt(error, does) {
  try {
    error.textContent = "";
    does();
    return true;
  } catch (found) {
    if (!(found instanceof WordsError)) throw found;
    error.textContent = found.message;
    return false;
  }
}

export class Login {
  constructor({ form, name, secret, error, usage }, tabs, memory) {
    Object.assign(this, { form, name, secret, error, usage, tabs, memory });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(error, () => this.send(name.value.trim(), secret.value));
    });
  }

  // Throws what is wrong with them.
  send(name, secret) {
    const line = loginLine(name, secret);
    this.tabs.call("logIn", line, this.isAnother(name) ? name : "");
    if (this.isAnother(name)) this.memory.belongTo(name);
    this.error.textContent = "";
  }

  // The name that this browser keeps was chosen by somebody else.
  isAnother(name) {
    return Boolean(name) && isName(name) && fold(name) !== fold(this.memory.choice("account", ""));
  }

  // The server asks for it.
  ask(text, mayFocus) {
    this.usage.textContent = text;
    const isNew = this.form.hidden;
    this.form.hidden = false;
    if (isNew && mayFocus) this.name.focus();
  }

  refused(text) {
    this.error.textContent = text;
    // To select is to focus: who writes elsewhere meanwhile stays there.
    if (this.form.contains(document.activeElement)) this.secret.select();
  }

  done() {
    this.form.hidden = true;
    this.secret.value = "";
    this.error.textContent = "";
  }
}

export class Naming {
  constructor({ first, firstName, firstError, later, form, name, error, notMe }, room, memory, forget) {
    Object.assign(this, { first, form, name, error, room, memory });
    first.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(firstName.value, firstError);
    });
    later.addEventListener("click", () => this.asked());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(name.value, error);
    });
    notMe.addEventListener("click", forget);
  }

  // Asks for a name, once in a browser, where nobody has chosen one.
  ask() {
    const { memory } = this;
    const isAsked = Boolean(memory.name) || memory.choice("asked", "") === "yes";
    this.first.hidden = isAsked || this.room.isLoginWanted || !this.room.name.startsWith("guest-");
  }

  asked() {
    this.memory.choose("asked", "yes");
    this.first.hidden = true;
  }

  take(typed, error) {
    attempt(error, () =>
      this.room.rename(typed.trim().replaceAll(/\s+/g, "-"), undefined, (problem) => {
        error.textContent = problem;
        if (!problem) this.asked();
      }),
    );
  }

  // Shows the own name, unless somebody is typing another one.
  show(name) {
    if (document.activeElement !== this.name) this.name.value = name;
  }
}
