import type { View } from '../core/describe.ts';
import type { NodeName } from '../model/names.ts';
import type { LinkStatus } from '../wire/status.ts';
import type { LinkState } from './drivers/heartbeat-links.ts';

/** Something to tell a person about a link: it is an alert, and never a failover. */
export interface LinkNews {
  readonly what: 'link-silent' | 'link-heard';
  /** As ha.cf names it. */
  readonly link: string;
  /** Nobody is missed over it any more. */
  readonly well: boolean;
  readonly why: string;
}

type PeerState = LinkStatus['peers'][number]['state'];

const isAlive = (state: View['nodes'][number]['state']): boolean => state === 'up' || state === 'late';

/**
 * Who is heard over which link. A link is silent for a peer when nothing came over it for deadtime while another link
 * hears that peer; where no link does, the peer is what failed. All times are monotonic milliseconds.
 */
export class LinkWatch {
  readonly #deadtime: number;
  readonly #heard = new Map<string, Map<NodeName, number>>();
  /** Who was silent over a link and was not heard over it since, be it that no link heard them. */
  readonly #missed = new Map<string, readonly NodeName[]>();
  readonly #aliveSince = new Map<NodeName, number>();

  constructor(deadtime: number) {
    this.#deadtime = deadtime;
  }

  /** An authentic datagram came over this link, be it a copy of one that another had brought. */
  heard(node: NodeName, link: string, now: number): void {
    const known = this.#heard.get(link);
    if (known === undefined) this.#heard.set(link, new Map([[node, now]]));
    else known.set(node, now);
  }

  /** What has changed since the last call. */
  check(links: readonly LinkState[], nodes: View['nodes'], now: number): LinkNews[] {
    for (const { name, state } of nodes) {
      if (!isAlive(state)) this.#aliveSince.delete(name);
      else if (!this.#aliveSince.has(name)) this.#aliveSince.set(name, now);
    }
    return links.flatMap((link) => {
      const silent = this.status(link, nodes, true, now)
        .peers.filter(({ state }) => state === 'silent')
        .map(({ node }) => node);
      const before = this.#missed.get(link.name) ?? [];
      const lost = silent.filter((name) => !before.includes(name));
      // One that no link hears any more has not come back over this one.
      const back = before.filter((name) => this.#state(link, name, now) === 'heard');
      this.#missed.set(link.name, [...before.filter((name) => !back.includes(name)), ...lost]);
      const news: LinkNews[] = [];
      const about = { link: link.name, well: silent.length === 0 };
      if (lost.length > 0) {
        const why = `nothing heard of ${lost.join(', ')} over ${link.name} for ${Math.round(this.#deadtime)} ms, while another link hears ${lost.length === 1 ? 'it' : 'them'}`;
        news.push({ what: 'link-silent', why, ...about });
      }
      if (back.length > 0)
        news.push({ what: 'link-heard', why: `${back.join(', ')} heard again over ${link.name}`, ...about });
      return news;
    });
  }

  /** One link for `status`; `carrier` is whether its cable is in. */
  status(link: LinkState, nodes: View['nodes'], carrier: boolean, now: number): LinkStatus {
    const others = nodes.filter(({ state, role }) => state !== 'self' && role === 'node');
    const reachesAll = link.reaches === undefined || link.reaches >= others.length;
    const known = this.#heard.get(link.name);
    const peers = others
      .filter(({ name }) => reachesAll || known?.has(name))
      .map(({ name: node }) => {
        const at = known?.get(node);
        return {
          node,
          state: this.#state(link, node, now),
          lastHeardMs: at === undefined ? null : Math.round(now - at),
        };
      });
    const silent = peers.filter(({ state }) => state === 'silent').map(({ node }) => node);
    const common = { name: link.name, device: link.device, peers };
    if (!carrier) return { ...common, state: 'down', why: `${link.device} has no carrier` };
    if (link.trouble !== undefined) return { ...common, state: 'down', why: link.trouble };
    if (silent.length === 0) return { ...common, state: 'up', why: '' };
    const all = peers.every(({ state }) => state !== 'heard');
    return { ...common, state: all ? 'down' : 'degraded', why: `nothing heard of ${silent.join(', ')}` };
  }

  #state(link: LinkState, node: NodeName, now: number): PeerState {
    const at = this.#heard.get(link.name)?.get(node);
    if (at !== undefined && now - at < this.#deadtime) return 'heard';
    const since = this.#aliveSince.get(node);
    const elsewhere = [...this.#heard.values()].some(
      (known) => now - (known.get(node) ?? Number.NEGATIVE_INFINITY) < this.#deadtime,
    );
    return elsewhere && since !== undefined && now - since >= this.#deadtime ? 'silent' : 'unknown';
  }
}
