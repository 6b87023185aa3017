import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runInGuest } from './guest.ts';

/** Seconds without food after which softdog restarts the machine: musterd feeds it every second. */
const margin = 6;

/**
 * The guest has no /lib/modules of its own: this modprobe loads what it is asked for, once it may, with that margin. softdog
 * becomes /dev/watchdog1, as the first one is User-Mode Linux's own, which needs a program on the host.
 */
const prepare = (endsBy: string): string => `
export ENDS_BY=${endsBy} SOFT_MARGIN=${margin}
ip link set lo up
mkdir -p /run/bin; cat >/run/bin/modprobe <<'END'
#!/bin/sh
[ -e /run/may-load ] || exit 1
echo "$*" >/run/modprobe.asked
exec /run/load "$* soft_margin=${margin}"
END
chmod 755 /run/bin/modprobe
export PATH=/run/bin:$PATH
`;

describe('uml: the watchdog of musterd, with the softdog of User-Mode Linux', function () {
  this.timeout(400_000);

  for (const endsBy of ['SIGKILL', 'SIGSTOP'])
    it(`lets the machine live while it is fed or was closed in peace, and restarts it after ${endsBy}`, async () => {
      const beside = { 'musterd.cjs': join(import.meta.dirname, '../../src/supervisor/main.ts') };
      const program = join(import.meta.dirname, 'watchdog-program.ts');
      const output = await runInGuest(prepare(endsBy), program, 300_000, { beside, restarts: true });
      const lines = [...output.matchAll(/^SAYS ([^:\n]+): (.*?)\r?$/gm)];
      const said = new Map(lines.map((match) => [match[1]!, JSON.parse(match[2]!) as unknown]));
      const is = (what: string, wanted: unknown): void =>
        assert.deepEqual(said.get(what), wanted, `${what}\n${output}`);
      const matches = (what: string, wanted: RegExp): void => assert.match(String(said.get(what)), wanted, output);
      matches(
        'required, and there is none',
        /^2,.*Cannot start musterd without watchdog "\/dev\/watchdog1" as muster\.yml requires one: ENOENT/s,
      );
      matches('automatic, and there is none', /^\/dev\/watchdog1 protects nothing: ENOENT/);
      is('its end', 0);
      is('modprobe', 'softdog nowayout=0');
      matches('required', /^\/dev\/watchdog1 is open: without musterd this machine restarts$/);
      is('is fed', null);
      is('the end of the first', 0);
      is('goes on without it', true);
      matches('another start', /^\/dev\/watchdog1 is open/);
      is('nobody feeds it', true);
      is('the machine runs on', undefined);
      assert.match(output, /softdog: Initiating system reboot/);
    });
});
