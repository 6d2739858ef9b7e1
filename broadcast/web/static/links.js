// The links in a line: http and https only, found in the text and never in markup. No
// document here.

const START = /https?:\/\/[^\s<>"\u0000-\u0020\u00a0\u3000]+/giu;
const CLOSERS = { ")": "(", "]": "[", "}": "{", "»": "«", "”": "“", "’": "‘" };
const TRAILING = /[.,:;!?'"`*_~…。，、！？]$/u;

function trimmed(found) {
  let link = found;
  for (;;) {
    const last = link.at(-1);
    const opener = CLOSERS[last];
    const isExtra = opener && link.split(last).length > link.split(opener).length;
    if (!isExtra && !TRAILING.test(link)) return link;
    link = link.slice(0, -1);
  }
}

function address(text) {
  try {
    const url = new URL(text);
    // A password in an address is there to make one host look like another.
    const isGood = /^https?:$/.test(url.protocol) && url.host && !url.username && !url.password;
    return isGood ? url.href : "";
  } catch {
    return "";
  }
}

// The pieces of a text, in order: {text} or {text, href}.
export function pieces(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(START)) {
    const link = trimmed(match[0]);
    const href = address(link);
    if (!href) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ text: link, href });
    from = match.index + link.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}
