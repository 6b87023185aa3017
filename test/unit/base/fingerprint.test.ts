import assert from 'node:assert/strict';
import { fingerprint } from '../../../src/base/fingerprint.ts';

describe('base: fingerprint', () => {
  it('is the same for the same text, and sixteen digits', () => {
    for (const text of ['', 'a', 'hosts:\n  node1: {}\n', 'ä\u{1f600}'.repeat(1000)]) {
      assert.equal(fingerprint(text), fingerprint(`${text}`));
      assert.match(fingerprint(text), /^[0-9a-f]{16}$/);
    }
  });

  it('is another for every text that differs a little', () => {
    const texts = new Set<string>(['']);
    for (let number = 0; number < 20_000; number++) {
      texts
        .add(String(number))
        .add(`hosts:\n  node${number}: {}\n`)
        .add('x'.repeat(number % 500))
        .add(`${number}\n`);
    }
    const base = [...'hosts:\n  web: { port: 22 }\n'];
    for (let at = 0; at < base.length; at++) {
      for (let bit = 0; bit < 16; bit++) {
        const changed = String.fromCharCode(base[at]!.charCodeAt(0) ^ (1 << bit));
        texts.add([...base.slice(0, at), changed, ...base.slice(at + 1)].join(''));
      }
      texts.add(base.slice(at).join('')).add([...base.slice(0, at), ...base.slice(at + 1)].join(''));
      texts.add([...base.slice(0, at), base[at + 1] ?? '', base[at], ...base.slice(at + 2)].join(''));
    }
    const halves = [0, 8].map((from) => new Set([...texts].map((text) => fingerprint(text).slice(from, from + 8))));
    assert.equal(new Set([...texts].map(fingerprint)).size, texts.size);
    // Of 60,000 values of 32 bits, less than one pair is the same by chance; a lane that mixes badly has many.
    for (const half of halves) assert.ok(texts.size - half.size <= 10, String(texts.size - half.size));
  });

  it('spreads over all of its bits', () => {
    const ones = Array.from({ length: 64 }, () => 0);
    for (let number = 0; number < 1000; number++) {
      const bits = BigInt(`0x${fingerprint(`node${number}`)}`);
      for (let bit = 0; bit < 64; bit++) if ((bits >> BigInt(bit)) & 1n) ones[bit]!++;
    }
    for (const [bit, count] of ones.entries()) assert.ok(count > 400 && count < 600, `bit ${bit}: ${count}`);
  });
});
