import assert from 'node:assert/strict';
import { ChannelSlots } from '../../../src/remote/channel-slots.ts';

/** An sshd that allows so many channels; what it says of one is heard when `answer` is called. */
function sshd(allowed: number) {
  let open = 0;
  return {
    /** Whether it opens one; `close` where it did. */
    ask: (): { readonly ok: boolean; readonly close: () => void } => {
      const ok = open < allowed;
      if (ok) open++;
      return { ok, close: () => open-- };
    },
  };
}

describe('remote: places for channels', () => {
  it('has who was refused try again after a quick command that was over first', async () => {
    const [slots, server] = [new ChannelSlots(), sshd(1)];
    const [quick, late] = [await slots.take(false), await slots.take(false)];
    const [first, second] = [server.ask(), server.ask()];
    first.close();
    quick.leave();
    // Nothing is open any more when the refusal is heard.
    assert.deepEqual([first.ok, second.ok, late.refused()], [true, false, true]);
    await slots.take(false);
    assert.ok(server.ask().ok);
  });

  it('gives up where nothing was there that could end', async () => {
    const slots = new ChannelSlots();
    const worker = await slots.take(true);
    assert.equal((await slots.take(false)).refused(), false);
    worker.leave();
    assert.equal((await slots.take(false)).refused(), false);
  });

  it('ends where sshd refuses everything, however many ask', async () => {
    const [slots, server] = [new ChannelSlots(), sshd(0)];
    let asked = 0;
    const attempt = async (): Promise<void> => {
      for (;;) {
        const slot = await slots.take(false);
        asked++;
        const { ok } = server.ask();
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(!ok);
        if (!slot.refused()) return;
      }
    };
    await Promise.all(Array.from({ length: 8 }, attempt));
    assert.ok(asked < 50, `asked ${asked} times`);
  });

  it('never has more open than it has learned that there may be', async () => {
    const [slots, server] = [new ChannelSlots(), sshd(2)];
    let done = 0;
    let refusals = 0;
    const attempt = async (): Promise<void> => {
      for (;;) {
        const slot = await slots.take(false);
        const { ok, close } = server.ask();
        await new Promise((resolve) => setImmediate(resolve));
        if (ok) {
          close();
          slot.leave();
          done++;
          return;
        }
        refusals++;
        assert.ok(slot.refused(), 'something else was open');
      }
    };
    await Promise.all(Array.from({ length: 20 }, attempt));
    assert.equal(done, 20);
    assert.ok(refusals < 40, `${refusals} refusals`);
  });
});
