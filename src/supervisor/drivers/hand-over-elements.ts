import type { IpAddress, MacAddress } from '../../model/names.ts';
import { addressBytes } from './addresses.ts';
import { concatenated, type Element, type ElementChanges, macBytes, markBytes } from './netlink/nftables.ts';

const family = (address: IpAddress): 4 | 6 => (address.includes(':') ? 6 : 4);
const sets = ['yielded4', 'yielded6', 'passing4', 'passing6', 'passed4', 'passed6'] as const;

interface Live {
  readonly address: IpAddress;
  readonly element: Element;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/**
 * The timed elements of hand-overs: what this node passes on, and what it accepts as passed on. For one address it is
 * never both, else two nodes could pass one frame to and fro. An element that is there cannot be renewed, and removing
 * one that has timed out would be refused; so where any is left, the sets are flushed and the others put back.
 */
export class HandOverElements {
  #live: Live[] = [];

  /** Frames for these addresses go on to that MAC for `lifetime` milliseconds, and while the mark's token is armed. */
  yieldTo(
    addresses: readonly IpAddress[],
    mac: MacAddress,
    mark: number,
    lifetime: number,
    now: number,
  ): ElementChanges {
    const fresh = addresses.flatMap((address) => {
      const key = addressBytes(address);
      return [
        { address, element: { set: `yielded${family(address)}`, key, data: markBytes(mark) } },
        { address, element: { set: `passing${family(address)}`, key, data: macBytes(mac) } },
      ];
    });
    return this.#replace(addresses, fresh, lifetime, now);
  }

  /** Frames for these addresses that come from that MAC count as clients' frames for `lifetime` milliseconds. */
  acceptFrom(addresses: readonly IpAddress[], mac: MacAddress, lifetime: number, now: number): ElementChanges {
    const fresh = addresses.map((address) => {
      const key = concatenated(macBytes(mac), addressBytes(address));
      return { address, element: { set: `passed${family(address)}`, key } };
    });
    return this.#replace(addresses, fresh, lifetime, now);
  }

  /** Neither passes on nor accepts anything for these addresses any more. */
  end(addresses: readonly IpAddress[], now: number): ElementChanges {
    return this.#replace(addresses, [], 0, now);
  }

  /** The sets were flushed with the table. */
  forget(): void {
    this.#live = [];
  }

  #replace(
    addresses: readonly IpAddress[],
    fresh: readonly { readonly address: IpAddress; readonly element: Element }[],
    lifetime: number,
    now: number,
  ): ElementChanges {
    const timeout = (until: number): number => Math.max(1, Math.floor(until - now));
    const living = this.#live.filter(({ until }) => until > now);
    const others = living.filter(({ address }) => !addresses.includes(address));
    const until = now + lifetime;
    this.#live = [...others, ...fresh.map((one) => ({ ...one, until }))];
    const add = fresh.map(({ element }) => ({ ...element, timeout: timeout(until) }));
    if (others.length === living.length) return { add };
    const restored = others.map((other) => ({ ...other.element, timeout: timeout(other.until) }));
    return { flush: sets, add: [...restored, ...add] };
  }
}
