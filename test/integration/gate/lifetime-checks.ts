import { setTimeout as sleep } from 'node:timers/promises';
import type { LifetimeSpace } from './lifetime-space.ts';
import { virtualIps } from './network.ts';

/** Milliseconds; long enough for a busy machine. */
const soon = 60_000;
/** How long it is armed for: a second of lifetime, the 1250 ms that the kernel may be late, and some to be granted in. */
const lease = 2500;
/** How long before a second of lifetime is over the kernel is made to look: its next look is as late as it gets. */
const shortBefore = 200;
/** A busy machine may need more than one to be granted in time. */
const attempts = 10;

/** What must hold of addresses with a lifetime, on a node whose musterd has just started: resolves to what does not. */
export const lifetimeChecks = {
  'started: what was there before is gone, also from lo': async (space) => space.there(),

  'armed and granted: there, and gone before what it was armed for is over, however late the kernel looks': async (
    space,
  ) => {
    const granted = await open(space);
    if (granted === undefined) return ['a fresh grant is refused'];
    for (const seconds of [1, 2]) {
      await until(granted + seconds * 1000 - shortBefore);
      space.nudge();
    }
    await until(granted + lease);
    return space.there().map((where) => `${where} after its lease`);
  },

  'granted, and the kernel hears of it too late: taken down again': async (space) => {
    await space.order({ do: 'lag', ms: 600 });
    const taken = await space.order({ do: 'open', token: 1, lifetime: lease });
    return [...(taken ? ['a grant is taken that came too late to the kernel'] : []), ...space.there()];
  },

  'granted what was not armed: not there': async (space) => {
    const taken = await space.order({ do: 'grant', token: 7, deadline: soon });
    return [...(taken ? ['a grant of an unknown token is taken'] : []), ...space.there()];
  },

  'an order after its deadline: refused': async (space) => {
    const wrong: string[] = [];
    if (await space.order({ do: 'arm', token: 1, lifetime: soon, deadline: -1 })) wrong.push('it is armed too late');
    if (!(await space.order({ do: 'arm', token: 2, lifetime: soon, deadline: soon }))) wrong.push('it is not armed');
    if (await space.order({ do: 'grant', token: 2, deadline: -1 })) wrong.push('it is granted too late');
    return [...wrong, ...space.there()];
  },

  'closed: gone at once': async (space) => {
    if ((await open(space)) === undefined) return ['a fresh grant is refused'];
    const closed = await space.order({ do: 'close' });
    return [...(closed ? [] : ['the close is refused']), ...space.there()];
  },

  'closed while it is granted: not there, and not granted': async (space) => {
    const taken = await space.order({ do: 'open', token: 1, lifetime: soon, closed: true });
    return [...(taken ? ['a grant is taken that was closed meanwhile'] : []), ...space.there()];
  },

  'put there by somebody else: gone at the next look': async (space) => {
    space.put('eth0');
    await space.order({ do: 'refresh' });
    return space.there();
  },
} satisfies Record<string, (space: LifetimeSpace) => Promise<string[]>>;

export type LifetimeCheck = keyof typeof lifetimeChecks;

/** By when (monotonic) it was armed and granted, and all addresses were there; undefined: it never came so far. */
async function open(space: LifetimeSpace): Promise<number | undefined> {
  for (let token = 1; token <= attempts; token++) {
    const taken = await space.order({ do: 'open', token, lifetime: lease });
    const granted = performance.now();
    if (taken && space.there().length === virtualIps.length) return granted;
  }
  return undefined;
}

async function until(time: number): Promise<void> {
  await sleep(Math.max(0, time - performance.now()));
}
