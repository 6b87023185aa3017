import type { Random } from '../../src/base/random.ts';
import { tagBytes, tagOf } from '../../src/wire/authentication.ts';
import type { Datagram } from './machine.ts';

/** A datagram that nobody who has the key ever sent: changed bits, bytes cut off or added, another signature, noise. */
export function garbled(random: Random, datagram: Datagram, original: Uint8Array): Datagram {
  let bytes = Uint8Array.from(original);
  switch (random.between(0, 4)) {
    case 0:
      for (let flips = random.between(1, 3); flips > 0; flips--)
        bytes[random.between(0, bytes.length - 1)]! ^= 1 << random.between(0, 7);
      break;
    case 1:
      bytes = bytes.subarray(0, random.between(0, bytes.length - 1));
      break;
    case 2:
      bytes = Uint8Array.from([...bytes, random.between(0, 255)]);
      break;
    case 3: {
      // Newer than everything, by somebody who knows the format and not the key.
      const signed = bytes.subarray(0, bytes.length - tagBytes);
      signed.fill(255, 20, 25);
      bytes = Uint8Array.from([...signed, ...tagOf(signed, 'a guess')]);
      break;
    }
    default:
      bytes = Uint8Array.from({ length: random.between(0, 200) }, () => random.between(0, 255));
  }
  const same = bytes.length === original.length && bytes.every((byte, index) => byte === original[index]);
  return { ...datagram, bytes, altered: !same };
}
