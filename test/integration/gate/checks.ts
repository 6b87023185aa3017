import { setTimeout as sleep } from 'node:timers/promises';
import { elsewhere, type GateNetwork, macOf, type Place, virtualIps } from './network.ts';

/** Milliseconds; long enough for a busy machine to arm, grant and ask within. */
const soon = 60_000;
/** How long a lease lasts where its end is waited for. */
const lease = 1500;

/** What must hold of a gate that has just started: resolves to what does not. */
export const checks = {
  'shut: no frame of a client is accepted': (net) => nobodyAnswers(net),

  'shut: nobody who asks is told where the addresses are': (net) => toldWhenAsked(net),

  'shut: nobody is told so unasked': (net) => toldUnasked(net),

  'armed and granted: it answers until it was armed for, and no longer': async (net) => {
    const wrong = await open(net, 1, lease);
    // The frame that finds it open is sent again and again until then.
    wrong.push(...(await everybodyAnswers(net, 'client')));
    await sleep(lease);
    return [...wrong, ...(await nobodyAnswers(net)), ...(await toldWhenAsked(net))];
  },

  'granted what was not armed: shut': async (net) => {
    const taken = await net.order({ do: 'grant', token: 7, deadline: soon });
    return [...(taken ? ['a grant of an unknown token is taken'] : []), ...(await nobodyAnswers(net))];
  },

  'open: a client asks and is answered': async (net) => {
    const wrong = await open(net, 1, soon);
    net.teach('client', undefined);
    return [...wrong, ...(await everybodyAnswers(net, 'client', false))];
  },

  'closed: shut at once': async (net) => {
    const wrong = await open(net, 1, soon);
    if (!(await net.order({ do: 'close' }))) wrong.push('the close is refused');
    return [...wrong, ...(await nobodyAnswers(net)), ...(await toldUnasked(net))];
  },

  'an order after its deadline: refused': async (net) => {
    const wrong: string[] = [];
    if (await net.order({ do: 'arm', token: 1, lifetime: soon, deadline: -1 })) wrong.push('it is armed too late');
    if (!(await net.order({ do: 'arm', token: 2, lifetime: soon, deadline: soon }))) wrong.push('it is not armed');
    if (await net.order({ do: 'grant', token: 2, deadline: -1 })) wrong.push('it is granted too late');
    return [...wrong, ...(await nobodyAnswers(net))];
  },

  'a frame of a peer director: delivered here without asking the gate, and never balanced': async (net) => {
    await net.order({ do: 'peers', macs: [macOf('peer')] });
    const wrong = await everybodyAnswers(net, 'peer');
    wrong.push(...(await open(net, 1, soon)));
    // A balancer that takes all frames that it is given.
    net.run('node', 'nft', 'add', 'rule', 'netdev', 'muster', 'balance', 'drop');
    return [...wrong, ...(await everybodyAnswers(net, 'peer')), ...(await nobodyAnswers(net))];
  },

  'handed over: frames go on to the other node until the token of the last grant ends': async (net) => {
    const wrong = await open(net, 1, lease);
    await net.order({ do: 'close', pass: { mac: macOf('heir'), lifetime: soon, token: 1 } });
    wrong.push(...(await everybodyAnswers(net, 'client')));
    await sleep(lease);
    return [...wrong, ...(await nobodyAnswers(net))];
  },

  'flushed by somebody: no frame of a client is accepted': async (net) => [
    ...(await flushed(net)),
    ...(await nobodyAnswers(net)),
  ],

  'flushed by somebody: nobody who asks is told where the addresses are': async (net) => [
    ...(await flushed(net)),
    ...(await toldWhenAsked(net)),
  ],

  'flushed by somebody: nobody is told so unasked': async (net) => [
    ...(await flushed(net)),
    ...(await toldUnasked(net)),
  ],

  'flushed by somebody: a peer director is served': async (net) => {
    await net.order({ do: 'peers', macs: [macOf('peer')] });
    return [...(await flushed(net)), ...(await everybodyAnswers(net, 'peer'))];
  },
} satisfies Record<string, (net: GateNetwork) => Promise<string[]>>;

export type Check = keyof typeof checks;

async function open(net: GateNetwork, token: number, lifetime: number): Promise<string[]> {
  const armed = await net.order({ do: 'arm', token, lifetime, deadline: soon });
  const granted = await net.order({ do: 'grant', token, deadline: soon });
  return armed && granted ? [] : ['a fresh grant is refused'];
}

/** While it was open. */
async function flushed(net: GateNetwork): Promise<string[]> {
  const wrong = await open(net, 1, soon);
  net.run('node', 'nft', 'flush', 'ruleset');
  return wrong;
}

/** Whoever knows where the addresses are is not answered. */
async function nobodyAnswers(net: GateNetwork): Promise<string[]> {
  net.teach('client', macOf('node'));
  const answered = await Promise.all(virtualIps.map((address) => net.answers('client', address)));
  return virtualIps.filter((_, index) => answered[index]).map((address) => `${address} answers`);
}

async function everybodyAnswers(net: GateNetwork, place: Place, knows = true): Promise<string[]> {
  if (knows) net.teach(place, macOf('node'));
  const answered = await Promise.all(virtualIps.map((address) => net.answers(place, address)));
  return virtualIps.filter((_, index) => !answered[index]).map((address) => `${address} does not answer the ${place}`);
}

/** Asked who has an address, nobody says so. */
async function toldWhenAsked(net: GateNetwork): Promise<string[]> {
  net.teach('client', undefined);
  await Promise.all(virtualIps.map((address) => net.answers('client', address)));
  return net.believes('client').map((address) => `${address} is told to who asks`);
}

/** What the node sends unasked, of itself or through its kernel, tells nobody where the addresses are. */
async function toldUnasked(net: GateNetwork): Promise<string[]> {
  net.teach('client', macOf('heir'), 'stale');
  await net.order({ do: 'announce' });
  net.run('node', 'ip', 'neighbour', 'flush', 'dev', 'eth0');
  await Promise.all(virtualIps.map((address, index) => net.answers('node', elsewhere[index]!, address)));
  return net.believes('client').map((address) => `${address} is told unasked`);
}
