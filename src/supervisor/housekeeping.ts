import type { PeersView } from '../core/describe.ts';
import type { Addresses, Gate } from './drivers/gate.ts';
import type { Loop } from './loop.ts';
import type { NodeMachine } from './machine.ts';
import type { ServiceManager } from './service-manager.ts';

/**
 * Between two looks at the gate, the addresses and what the core knows of the peers; milliseconds. A holder whose ruleset
 * is gone learns it sooner, from its next renewal; lifetimes of addresses are in whole seconds.
 */
const lookInterval = 1000;

interface Parts {
  readonly gate: Gate;
  readonly addresses: Addresses;
  readonly machine: NodeMachine;
  readonly loop: Loop;
  readonly services: ServiceManager;
  /** What other parts want done at every look. */
  readonly onLook: (peers: PeersView) => void;
}

/** What is done over and over, whatever is decided: the level triggers of the drivers, and the watchdog. */
export class Housekeeping {
  readonly #parts: Parts;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    const { services } = this.#parts;
    this.#timers.push(setInterval(() => this.#look(), lookInterval));
    if (services.interval !== undefined) this.#timers.push(setInterval(() => services.alive(), services.interval));
    this.#look();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** A device that came, went or changed its MAC needs other rules. */
  guardDevices(): void {
    const { gate, machine } = this.#parts;
    const devices = machine.gateDevices();
    if (gate.busy || JSON.stringify(devices) === JSON.stringify(gate.devices)) return;
    void gate.setDevices(devices, `the devices are now ${devices.map(({ name, mac }) => `${name} ${mac}`).join(', ')}`);
  }

  #look(): void {
    const { gate, addresses, machine, loop } = this.#parts;
    const peers = loop.peers();
    machine.follow(peers);
    this.guardDevices();
    void gate.check();
    void addresses.refresh();
    this.#parts.onLook(peers);
  }
}
