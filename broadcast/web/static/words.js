// Words: what a typed line means, and the lines that are sent. Each command is built
// from checked parts, so that no part can become another one. No document here.

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}_.-]*$/u;
const KEY = /^[!-~]{8,64}$/;
const TOKEN = /^[!-~]{1,64}$/;
const POSITION = /^[!-9;-~]{1,64}:\d{1,16}$/;
const WORD = /^[!-~]+$/;

export const COMMANDS = {
  help: ["", "this list"],
  me: ["TEXT", "says that you do something"],
  name: ["NAME", "takes another name"],
  who: ["[PREFIX]", "tells who is here"],
  ping: ["", "measures the way to the server and back"],
  history: ["[N]", "shows the last lines again, 200 at most"],
  since: ["EPOCH:ID", "shows what was said after a position"],
  ignore: ["[NAME]", "hides what NAME says; alone: tells who is hidden"],
  unignore: ["NAME", "shows NAME again"],
  login: ["SECRET", "logs in; better use the form"],
  quit: ["", "leaves"],
};

export class WordsError extends Error {}

export function bytes(text) {
  return new TextEncoder().encode(text).length;
}

export function isName(text) {
  const name = text.normalize("NFKC");
  return [...name].length <= 32 && NAME.test(name);
}

export const isKey = (text) => KEY.test(text);

// One form for names that count as the same: near enough to the server's.
export const fold = (name) => name.normalize("NFKC").toLowerCase().normalize("NFKC");

function check(isGood, message) {
  if (!isGood) throw new WordsError(message);
}

export function nameLine(name, key) {
  check(isName(name), "A name is 1 to 32 letters, digits, _ - or ., without spaces.");
  check(isKey(key), "A key is 8 to 64 letters, digits and signs, without spaces.");
  check(fold(name) !== fold(key), "Everybody is told the name: it can't be the key too.");
  return `/name ${name} ${key}`;
}

export function sayLine(token, text) {
  check(TOKEN.test(token), "That is no token.");
  check(!/[\r\n]/.test(text) && text.trim() !== "", "A line has no line ends, and isn't empty.");
  return `/say ${token} ${text}`;
}

export function loginLine(name, secret) {
  check(secret !== "", "Give the password.");
  const isOne = (word) => !/\s/.test(word);
  check(isOne(name) && isOne(secret), "Neither a name nor a password has spaces here.");
  return name ? `/login ${name} ${secret}` : `/login ${secret}`;
}

export function sinceLine(position) {
  check(POSITION.test(position), "/since EPOCH:ID");
  return `/since ${position}`;
}

export function historyLine(count, position = "") {
  check(/^\d{1,9}$/.test(String(count)), "/history [N]");
  check(position === "" || POSITION.test(position), "/history [N]");
  return position ? `/history ${count} ${position}` : `/history ${count}`;
}

export function whoLine(prefix = "") {
  check(!/\s/.test(prefix), "/who [PREFIX]");
  return prefix ? `/who ${prefix}` : "/who";
}

export function pingLine(token) {
  check(TOKEN.test(token), "/ping");
  return `/ping ${token}`;
}

// A command that the page knows nothing of: one line, its words as typed.
export function otherLine(word, rest) {
  check(WORD.test(word) && !/[\r\n]/.test(rest), `There is no command /${word}: /help lists them.`);
  return rest ? `/${word} ${rest}` : `/${word}`;
}

// What the server takes a name's key for, to be kept out of everybody's sight.
const SECRET = /^\/(login|name|nick)(\s|$)/i;

export const isSecret = (line) => SECRET.test(line.trimStart());

const OTHERS = new Map([["nick", "name"], ["exit", "quit"]]);

// The meaning of a typed line: {say} or {word, rest}.
export function interpret(line) {
  if (line.startsWith("//")) return { say: line.slice(1) };
  if (!line.startsWith("/")) {
    // With a space before it the command would be said, and the secret with it.
    check(!isSecret(line), "A command has nothing before its /. This was not said.");
    return { say: line };
  }
  const [, typed, rest] = line.match(/^\/(\S*)\s*(.*)$/su);
  const word = typed.toLowerCase();
  if (word === "me") {
    check(rest.trim(), "/me TEXT");
    return { say: `* ${rest}` };
  }
  return { word: OTHERS.get(word) ?? word, rest: rest.trimEnd() };
}

// The name, and the key if one was typed, of /name.
export function nameAndKey(rest) {
  const words = rest.split(/\s+/).filter(Boolean);
  check(words.length, "/name NAME");
  check(words.length <= 2, "A name has no spaces: /name NAME");
  const [name, key] = words;
  // What stands behind a name is a secret to the server: it never becomes a part of it.
  check(key === undefined || isKey(key), "A name has no spaces: /name NAME");
  return { name, key };
}
