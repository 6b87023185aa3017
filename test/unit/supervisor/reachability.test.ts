import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalIp } from '../../../src/base/ip.ts';
import { parseConfiguration } from '../../../src/linux-ha/cluster.ts';
import type { RawSockets } from '../../../src/supervisor/drivers/raw-sockets.ts';
import { Reachability } from '../../../src/supervisor/reachability.ts';

/** What a node with this line in ha.cf finds of one ping node and one ping group. Its clock is told, its timer is real. */
function look(deadping: string) {
  const { cluster } = parseConfiguration({
    'ha.cf': `node a b c\nbcast eth0\ndeadtime 1\n${deadping}\nping6 fd77::1\nping_group routers fd77::2 fd77::3\n`,
    authkeys: 'auth 1\n1 sha256 not-a-secret\n',
    haresources: '',
  });
  const alive = new Set(['fd77::1', 'fd77::3']);
  const told: string[] = [];
  const seen = { time: 1000, rounds: 0 };
  const sockets: RawSockets = {
    open: ({ connect }, onData) => {
      const bytes = Buffer.from(connect!.subarray(8, 24)).toString('hex');
      const address = canonicalIp(bytes.replace(/(.{4})(?=.)/g, '$1:'))!;
      return {
        // The answer to an echo request of IPv6 is its 128 made 129.
        send: (request) => {
          if (address === 'fd77::1') seen.rounds++;
          if (alive.has(address)) onData(Buffer.concat([Buffer.from([129]), request.subarray(1)]));
        },
        close: () => {},
      };
    },
    schedule: () => {},
    stop: () => Promise.resolve(),
  };
  const reachability = new Reachability({
    cluster,
    sockets,
    now: () => seen.time,
    onReach: ({ reached, of }) => told.push(`${reached} of ${of}`),
    onTrouble: (why) => assert.fail(why),
  });
  /** A whole round of questions, answers and judgement at this time. */
  const passRound = async (time: number): Promise<void> => {
    seen.time = time;
    for (const { rounds } = { ...seen }; seen.rounds < rounds + 1; ) await sleep(20);
  };
  return { reachability, alive, told, passRound };
}

describe('ping nodes', function () {
  this.timeout(60_000);
  for (const [line, deadping] of [
    ['deadping 400ms', 400],
    ['deadping .8', 800],
  ] as const)
    it(`count as gone after ${deadping} ms of silence, with "${line}", and not before`, async () => {
      const { reachability, alive, told, passRound } = look(line);
      reachability.start();
      try {
        await passRound(1001);
        assert.deepEqual(told, ['2 of 2']);
        alive.delete('fd77::1');
        await passRound(1000 + deadping);
        assert.deepEqual(told, ['2 of 2']);
        await passRound(1001 + deadping);
        assert.deepEqual(told, ['2 of 2', '1 of 2']);
        const reached = reachability.status().map((ping) => [ping.name, ping.reached]);
        assert.deepEqual(reached, [
          ['fd77::1', false],
          ['routers', true],
        ]);
        alive.add('fd77::1');
        await passRound(1002 + deadping);
        assert.deepEqual(told.at(-1), '2 of 2');
      } finally {
        reachability.stop();
      }
    });
});
