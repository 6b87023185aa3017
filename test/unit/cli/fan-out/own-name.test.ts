import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OwnNameReplacer } from '../../../../src/cli/fan-out/own-name.ts';
import { draws } from '../../../draws.ts';

function replaced(host: string, chunks: readonly (string | Buffer)[]): string {
  const replacer = new OwnNameReplacer(host);
  const pieces = chunks.map((chunk) => replacer.push(Buffer.from(chunk)));
  return Buffer.concat([...pieces, replacer.end()]).toString('latin1');
}

describe("a host's own name in its output", () => {
  const cases: readonly (readonly [host: string, text: string, expected: string])[] = [
    ['node1', 'node1\n', '<host>\n'],
    ['node1', 'node1', '<host>'],
    ['node1', 'node1 node10 xnode1 node1_a', '<host> node10 xnode1 node1_a'],
    ['node1', '/dev/mapper/node1--vg-root', '/dev/mapper/<host>--vg-root'],
    ['node1', 'node1.example.com', '<host>.example.com'],
    ['node1.example.com', 'node1 and node1.example.com', '<host> and <host>.example.com'],
    ['10.0.0.1', '10.0.0.1 10.0.0.12', '<host> 10.0.0.12'],
    ['a', 'a-a.a aa', '<host>-<host>.<host> aa'],
    ['node1', '', ''],
  ];
  for (const [host, text, expected] of cases) {
    it(`${host}: ${JSON.stringify(text)}`, () => assert.equal(replaced(host, [text]), expected));
  }

  it('is the same wherever the output is cut', () => {
    const word = fc.constantFrom('n1', 'n', '1', ' ', '-', '_', 'n1n1', '\n', 'x');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.array(fc.nat(60), { maxLength: 8 }), (words, cuts) => {
        const text = words.join('');
        const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const chunks = places.slice(1).map((end, index) => text.slice(places[index], end));
        assert.equal(replaced('n1', chunks), replaced('n1', [text]));
        assert.equal(replaced('n1', [text]), text.replace(/(?<![0-9A-Za-z_])n1(?![0-9A-Za-z_])/g, '<host>'));
      }),
      { numRuns: draws(1000) },
    );
  });

  it('leaves bytes that are no text as they are', () => {
    assert.equal(replaced('n1', [Buffer.from([0xff, 0x6e]), Buffer.from([0x31, 0xfe])]), '\xff<host>\xfe');
  });
});
