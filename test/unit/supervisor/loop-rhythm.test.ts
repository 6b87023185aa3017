import assert from 'node:assert/strict';
import type { Message } from '../../../src/core/message.ts';
import type { Journal } from '../../../src/supervisor/journal.ts';
import { Loop, type Machine } from '../../../src/supervisor/loop.ts';
import { newNode } from '../core/pair.ts';

const beat = { configHash: '', bundleHash: '', macs: {}, standby: false, quorate: true, holds: ['web1'] };

/** A loop of a standby in a time of its own: timers fire when `runTo` comes to them. */
function standby() {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const timers = new Map<object, { readonly at: number; readonly fire: () => void }>();
  const fired: number[] = [];
  const sent: { readonly to: string; readonly at: number }[] = [];
  let time = 0;
  const state = newNode('node2', 0);
  const { keepalive, lease } = state.cluster.timings;
  const machine = new Proxy({} as Machine, {
    get: (_, name) =>
      name === 'send' ? (to: string) => sent.push({ to, at: time }) : () => new Promise<never>(() => {}),
  });
  Object.assign(globalThis, {
    setTimeout: (fire: () => void, delay: number) => {
      const timer = {};
      timers.set(timer, { at: Math.floor(time) + delay, fire });
      return timer;
    },
    clearTimeout: (timer: object) => timers.delete(timer),
  });
  const loop = new Loop(state, machine, { say: () => {} } as unknown as Journal, () => time);
  loop.start();
  return {
    keepalive,
    fired,
    sent,
    runTo: (end: number) => {
      for (;;) {
        const [next] = [...timers].sort(([, one], [, other]) => one.at - other.at);
        if (next === undefined || next[1].at > end) break;
        timers.delete(next[0]);
        time = Math.max(time, next[1].at);
        fired.push(time);
        next[1].fire();
      }
      time = end;
    },
    renewal: (number: number) => {
      const message: Message = {
        kind: 'propose',
        nonce: String(number).padStart(32, '0'),
        incarnation: '1'.padStart(16, '0') + '0'.repeat(16),
        lease,
        requests: [{ group: 'web1', round: 1 }],
        beat,
      };
      loop.dispatch({ type: 'message', from: 'node1', link: 'eth0', message });
    },
    end: () => {
      loop.stop();
      Object.assign(globalThis, real);
    },
  };
}

describe('loop: its timer', () => {
  it('finds its way behind the messages that put it off, and is there when they stay out', () => {
    const { keepalive, fired, sent, runTo, renewal, end } = standby();
    try {
      const periods = 60;
      for (let number = 10; number < periods; number++) {
        runTo(number * keepalive + 0.3);
        renewal(number);
      }
      const last = (periods - 1) * keepalive + 0.3;
      const lonely = fired.filter((at) => at > 15 * keepalive && (at - 0.3) % keepalive > 4);
      assert.deepEqual(lonely, []);
      assert.ok(fired.some((at) => at > 15 * keepalive));
      runTo(last + 10 * keepalive);
      for (const peer of ['node1', 'node3']) {
        const times = sent.filter(({ to, at }) => to === peer && at > 15 * keepalive).map(({ at }) => at);
        assert.ok(times.at(-1)! > last + 8 * keepalive);
        const longest = Math.max(...times.slice(1).map((at, index) => at - times[index]!));
        assert.ok(longest <= 1.7 * keepalive + 2, `${longest} ms`);
      }
    } finally {
      end();
    }
  });
});
