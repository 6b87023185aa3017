/**
 * 64 bits of a text as 16 hexadecimal digits: the same for equal texts, and for different ones only by a chance of 2^-64.
 * For what nobody gains from deceiving; to load Node's own digests takes a quick command a twentieth of its time.
 * Two lanes that mix as MurmurHash3 does (Austin Appleby), over UTF-16 code units.
 */
export function fingerprint(text: string): string {
  let [left, right] = [text.length, ~text.length];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    left = Math.imul(rotated(left ^ Math.imul(unit, 0xcc9e2d51), 15), 5) + 0xe6546b64;
    right = Math.imul(rotated(right ^ Math.imul(unit, 0x1b873593), 13), 5) + 0x561ccd1b;
  }
  left = finished(left + right);
  right = finished(right + left);
  return [left, right].map((half) => half.toString(16).padStart(8, '0')).join('');
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** Every bit of the word decides about every bit of the result. */
function finished(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
