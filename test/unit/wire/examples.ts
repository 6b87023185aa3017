import type { Beat, Message } from '../../../src/core/message.ts';
import type { Keyring } from '../../../src/wire/authentication.ts';

export const incarnation = '0000000000000003a1b2c3d4e5f60718';
export const keyring: Keyring = { signWith: 1, secrets: new Map([[1, 'a secret of the tests']]) };

export const exampleBeat: Beat = {
  configHash: 'abcdef012345',
  bundleHash: '',
  macs: { eth0: '02:00:00:00:00:01' },
  standby: false,
  quorate: true,
  holds: ['web'],
};

/** Without what is undefined, and with ordinary prototypes. */
export function plain(message: Message): unknown {
  return JSON.parse(JSON.stringify(message));
}
