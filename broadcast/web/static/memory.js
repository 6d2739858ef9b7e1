// The memory: what the browser keeps of the person, in localStorage for all tabs and in
// sessionStorage for this one. Where storage is forbidden it lasts as long as the page.

import { isKey, isName } from "./words.js";

function area(name, prefix) {
  const kept = new Map(); // what the storage doesn't take: it is forbidden, or full
  const guarded = (use, otherwise) => {
    try {
      return use(window[name]);
    } catch {
      return otherwise();
    }
  };
  return {
    get: (key) => kept.get(key) ?? guarded((where) => where.getItem(prefix + key), () => null),
    set(key, value) {
      kept.delete(key);
      guarded((where) => where.setItem(prefix + key, value), () => kept.set(key, value));
    },
    drop(key) {
      kept.delete(key);
      guarded((where) => where.removeItem(prefix + key), () => undefined);
    },
    clear() {
      kept.clear();
      guarded(
        (where) => Object.keys(where).filter((key) => key.startsWith(prefix)).forEach((key) => where.removeItem(key)),
        () => undefined,
      );
    },
  };
}

export function random(size) {
  const found = crypto.getRandomValues(new Uint8Array(size));
  return Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Memory {
  constructor(path) {
    this.all = area("localStorage", `broadcast ${path} `);
    this.tab = area("sessionStorage", `broadcast ${path} `);
  }

  get name() {
    const name = this.all.get("name") ?? "";
    return isName(name) ? name : "";
  }

  // The secret by which a name can be had again: made with the first name.
  get key() {
    let key = this.all.get("key");
    if (!key || !isKey(key)) {
      key = random(16);
      this.all.set("key", key);
    }
    return key;
  }

  keep(name, key) {
    this.all.set("name", name);
    if (key) this.all.set("key", key);
  }

  // Somebody logs in with an account: the name that another one chose isn't theirs.
  belongTo(account) {
    this.all.drop("name");
    this.all.set("account", account);
  }

  // Choices of the person: text size, sounds and so on.
  choice(name, otherwise) {
    return this.all.get(name) ?? otherwise;
  }

  choose(name, value) {
    this.all.set(name, value);
  }

  forget() {
    this.all.clear();
    this.tab.clear();
  }
}
