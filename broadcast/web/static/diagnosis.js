// The diagnosis: a browser doesn't tell a page why its WebSocket was refused, so the
// same address is asked over HTTP, which answers with a sentence.

export async function diagnose(url) {
  const address = new URL(url);
  address.protocol = address.protocol === "wss:" ? "https:" : "http:";
  address.searchParams.set("origin", location.origin);
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  } catch {
    return navigator.onLine === false ? "this computer is offline" : "the server can't be reached";
  }
  const text = (await answer.text()).trim().split("\n")[0].slice(0, 300);
  const isOurs = (answer.headers.get("Content-Type") ?? "").startsWith("text/plain");
  if (answer.status === 426) {
    return "a proxy on the way lets no WebSocket through: ask the admin to pass on Upgrade and Connection";
  }
  if (isOurs && answer.status === 403) {
    return `${text}: ask the admin to pass Host on in the proxy, or to allow --web-origin ${location.origin}`;
  }
  if (isOurs && answer.status === 421) return `${text}: ask the admin`;
  if (isOurs && (answer.status === 429 || answer.status === 503)) return text;
  return `the server answers ${answer.status} at ${address.pathname}: ask the admin`;
}
