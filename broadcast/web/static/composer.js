// The composer: where one writes. What can't be sent stays there, and says why.

import { Completion } from "./completion.js";
import { interpret, isSecret, WordsError } from "./words.js";

const MANY = 5;
const RECALLED = 50;

export class Composer {
  // act({word, rest}) does a command: throws, or returns a reason, if it can't.
  constructor({ form, text, problem, question, questionText, hint }, { room, memory, act, names }) {
    Object.assign(this, { form, text, problem, question, questionText, room, memory, act });
    this.recalled = [];
    this.place = 0; // in what is recalled
    this.free = 0; // lines that were given back: they were sent once already
    this.returned = ""; // what was given back, at the beginning
    this.completion = new Completion(names);
    text.value = memory.tab.get("draft") ?? "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
      text.focus();
    });
    text.addEventListener("keydown", (key) => this.key(key));
    text.addEventListener("input", () => this.changed());
    question.querySelector("[data-answer=yes]").addEventListener("click", () => this.answer(true));
    question.querySelector("[data-answer=no]").addEventListener("click", () => this.answer(false));
    this.grow();
  }

  say(problem) {
    this.problem.textContent = problem;
  }

  key(key) {
    // Safari ends a composition before its Enter comes, which only has this code then.
    if (key.isComposing || key.keyCode === 229) return;
    const isPlain = !key.shiftKey && !key.ctrlKey && !key.altKey && !key.metaKey;
    const does = isPlain && { Enter: () => this.send(), Tab: () => this.complete(), ArrowUp: () => this.recall(-1), ArrowDown: () => this.recall(1), Escape: () => this.escape() }[key.key];
    if (does && does() !== false) key.preventDefault();
  }

  changed() {
    this.ask(false);
    this.place = this.recalled.length;
    this.keepDraft();
    this.grow();
  }

  put(value, cursor = value.length) {
    this.text.value = value;
    this.text.setSelectionRange(cursor, cursor);
    this.keepDraft();
    this.grow();
  }

  // A secret is in no draft, nor is what is typed where a secret is asked for.
  keepDraft() {
    const { value } = this.text;
    if (!value || value.split("\n").some(isSecret)) this.memory.tab.drop("draft");
    else if (!this.room.isLoginWanted) this.memory.tab.set("draft", value);
  }

  grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.text.style.setProperty("height", "auto");
    this.text.style.setProperty("height", `${this.text.scrollHeight + 2}px`);
  }

  // Sends all that is written, as far as it can be: many lines at once, if that is meant.
  send(isMeant = false) {
    this.say("");
    const written = this.text.value.split("\n").filter((line) => line.trim());
    if (!written.length) return;
    if (written.length > MANY + this.free && !isMeant && !this.isAsking) {
      this.ask(true, written.length);
      return;
    }
    this.ask(false);
    const left = [];
    let batch = [];
    const flush = () => {
      if (batch.length) left.push(...this.sayAll(batch));
      batch = [];
    };
    for (const line of written) {
      try {
        const meant = interpret(line);
        if (meant.say !== undefined) {
          this.check(meant.say);
          batch.push({ line, text: meant.say });
        } else {
          flush();
          const why = this.act(meant);
          if (why) throw new WordsError(why);
        }
        this.remember(line);
      } catch (error) {
        if (!(error instanceof WordsError)) throw error;
        this.say(error.message);
        left.push(line);
      }
    }
    flush();
    this.free = left.length;
    this.returned = "";
    this.put(left.join("\n"));
  }

  check(text) {
    if (this.room.isLoginWanted) throw new WordsError("log in first: what you write here stays until then");
    if (!this.room.fits(text)) throw new WordsError(`A line may have ${this.room.longest} bytes: this one was not sent.`);
  }

  // Says lines; returns those that there was no room for.
  sayAll(batch) {
    const count = this.room.say(batch.map(({ text }) => text));
    if (count < batch.length) {
      this.say(`Too many lines wait to be sent: ${count ? "these were" : "this was"} not taken.`);
    }
    return batch.slice(count).map(({ line }) => line);
  }

  // Puts lines that were not said before what is written.
  giveBack(texts, why) {
    const lines = texts.map((text) => (text.startsWith("/") ? `/${text}` : text));
    const { value, selectionStart } = this.text;
    // Behind what was given back a moment ago, which was typed before.
    const before = `${value}\n`.startsWith(this.returned) ? this.returned : "";
    const rest = value.slice(before.length);
    this.returned = `${before}${lines.join("\n")}\n`;
    this.free += lines.length;
    // It ends with a line end: what is typed next is another line.
    const text = this.returned + rest;
    this.put(text, Math.min(text.length, selectionStart - value.length + text.length));
    this.say(why);
  }

  ask(isAsking, count = 0) {
    this.isAsking = isAsking;
    this.question.hidden = !isAsking;
    this.questionText.textContent = isAsking ? `Send ${count} lines? Enter sends them.` : "";
  }

  answer(isMeant) {
    if (isMeant) this.send(true);
    else this.ask(false);
    this.text.focus();
  }

  escape() {
    if (!this.isAsking) return false;
    this.ask(false);
    return true;
  }

  complete() {
    const { value, selectionStart, selectionEnd } = this.text;
    const next = selectionStart === selectionEnd && this.completion.next(value, selectionStart);
    if (!next) return false; // the key goes on to the next control
    this.put(next.text, next.cursor);
    return true;
  }

  remember(line) {
    if (isSecret(line)) return;
    this.recalled = [...this.recalled.filter((other) => other !== line), line].slice(-RECALLED);
    this.place = this.recalled.length;
  }

  // Own lines again, at the edges of what is written.
  recall(step) {
    const { value, selectionStart } = this.text;
    const isShown = value === (this.recalled[this.place] ?? "");
    if (value && !isShown) return false;
    if (step < 0 && value.slice(0, selectionStart).includes("\n")) return false;
    const place = this.place + step;
    if (place < 0 || place > this.recalled.length) return false;
    this.place = place;
    this.put(this.recalled[place] ?? "");
    return true;
  }

  forget() {
    this.recalled = [];
    this.place = 0;
    this.put("");
  }
}
