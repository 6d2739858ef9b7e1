// The wait before the next try to connect: spread, so that a thousand pages don't come
// back at once, and short at first, since most restarts are.

const LONGEST = 30000;

export function wait(tries, random = Math.random) {
  const high = Math.min(LONGEST, tries <= 2 ? 2400 : 2400 * 1.6 ** (tries - 2));
  const low = tries === 1 ? 100 : high / 6;
  return low + (high - low) * random();
}
