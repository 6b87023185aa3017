/**
 * The core's own randomness: sfc32 (Chris Doty-Humphrey, public domain, from PractRand), seeded by the daemon with 128 bits
 * of the kernel's. Nonces have to be fresh, not secret: they travel inside the HMAC.
 */
export type RandomWords = [number, number, number, number];

/** The next 32 bits; advances `words` in place. */
export function nextWord(words: RandomWords): number {
  const [a, b, c, count] = words;
  const word = (((a + b) | 0) + count) | 0;
  words[0] = b ^ (b >>> 9);
  words[1] = (c + (c << 3)) | 0;
  words[2] = (((c << 21) | (c >>> 11)) + word) | 0;
  words[3] = (count + 1) | 0;
  return word >>> 0;
}

/** 128 fresh bits in 32 hex digits. */
export function nextNonce(words: RandomWords): string {
  let nonce = '';
  for (let i = 0; i < 4; i++) nonce += nextWord(words).toString(16).padStart(8, '0');
  return nonce;
}

/** A number in [0, bound). */
export function nextBelow(words: RandomWords, bound: number): number {
  return (nextWord(words) / 4_294_967_296) * bound;
}
