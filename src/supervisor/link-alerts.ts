import type { PeersView } from '../core/describe.ts';
import type { IpAddress } from '../model/names.ts';
import type { Decoded } from '../wire/codec.ts';
import type { LinkStatus } from '../wire/status.ts';
import type { Devices } from './drivers/devices.ts';
import type { HeartbeatLinks } from './drivers/heartbeat-links.ts';
import type { Journal } from './journal.ts';
import { LinkWatch } from './link-watch.ts';

interface Parts {
  readonly links: HeartbeatLinks;
  readonly devices: Devices;
  readonly journal: Journal;
  readonly deadtime: number;
  readonly now: () => number;
}

/** Feeds the watch over the links, and tells a person what it finds. */
export class LinkAlerts {
  readonly #parts: Parts;
  readonly #watch: LinkWatch;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watch = new LinkWatch(parts.deadtime);
  }

  /** A datagram that came over this link. A copy of what another link brought shows that this one works, a replay nothing. */
  heard(decoded: Decoded, link: string, address: IpAddress): void {
    const copy = !decoded.ok && (decoded.why === 'duplicate' || decoded.why === 'overtaken');
    if (decoded.from === undefined || !(decoded.ok || copy)) return;
    this.#parts.links.learn(decoded.from, link, address);
    this.#watch.heard(decoded.from, link, this.#parts.now());
  }

  /** About once a second: opens what is not open, and says what has changed. */
  look({ nodes }: PeersView): void {
    const { links, journal, now } = this.#parts;
    void links.maintain();
    for (const { what, why, link, well } of this.#watch.check(links.states(), nodes, now())) {
      if (what === 'link-silent') journal.warn(what, why, { link });
      else journal.say(what, why, { link, ...(well && { how: 'well' }) });
    }
  }

  links({ nodes }: PeersView): LinkStatus[] {
    const { links, devices, now } = this.#parts;
    return links.states().map((link) => this.#watch.status(link, nodes, devices.get(link.device)?.up !== false, now()));
  }
}
