import type { PeersView } from '../core/describe.ts';
import type { Effect } from '../core/effect.ts';
import type { VoterRecord } from '../core/epoch-state.ts';
import type { OwnerRecords } from '../core/fencing/owner-record.ts';
import type { Fenced, Message } from '../core/message.ts';
import type { Order } from '../core/orders.ts';
import type { StoreAnswer, StoreWrite } from '../core/store-record.ts';
import type { Cluster } from '../model/cluster.ts';
import type { GroupName, MacAddress, NodeName } from '../model/names.ts';
import type { Codec } from '../wire/codec.ts';
import type { ArbiterWays } from './arbiter/ways.ts';
import type { Balancer, BalancerNode } from './balancer.ts';
import type { PlacedAddress } from './drivers/address.ts';
import { type Announcer, whoAnswers } from './drivers/announce.ts';
import type { Devices } from './drivers/devices.ts';
import type { Addresses, Gate } from './drivers/gate.ts';
import type { HeartbeatLinks } from './drivers/heartbeat-links.ts';
import type { GateDevice } from './drivers/lease-gate-ruleset.ts';
import type { AddressBook } from './drivers/own-addresses.ts';
import type { RawSockets } from './drivers/raw-sockets.ts';
import type { FencingParts } from './fencing/parts.ts';
import type { Machine } from './loop.ts';
import type { OrderFile } from './order-file.ts';
import type { OwnerRecordFile } from './owner-record.ts';
import type { NodeResources } from './resources/node-resources.ts';
import type { Store } from './stores/store.ts';
import type { VoterRecordFile } from './voter-record.ts';

/** How long a stranger has to answer for an address; an ARP answer takes less than 10 ms on a LAN. */
const probePatience = 300;

export interface DriverSet {
  readonly sockets: RawSockets;
  readonly devices: Devices;
  readonly ownAddresses: AddressBook;
  readonly gate: Gate;
  readonly addresses: Addresses;
  readonly announcer: Announcer;
  readonly links: HeartbeatLinks;
  readonly arbiters: ArbiterWays;
  readonly balancer: Balancer;
  /** Whether this kernel can do what the balancer asks for. */
  readonly balances: boolean;
  readonly codec: Codec;
  /** Where the leases lie, if not with the voters. */
  readonly store: Store | undefined;
  readonly voterRecord: VoterRecordFile;
  readonly ownerRecord: OwnerRecordFile;
  readonly resources: NodeResources;
  readonly fencing: FencingParts;
  readonly orderFile: OrderFile;
}

/** The drivers of this machine as the loop wants them, fed with what the core's view says of the peers. */
export class NodeMachine implements Machine {
  readonly #drivers: DriverSet;
  readonly #cluster: Cluster;
  readonly #self: NodeName;
  readonly #placed: readonly PlacedAddress[];
  #macs: ReadonlyMap<NodeName, Readonly<Record<string, MacAddress>>> = new Map();
  readonly #guarded: ReadonlySet<string>;
  #alive = new Map<NodeName, boolean>();
  #configured = '';
  #configuredFor: readonly unknown[] = [];
  /** Until the addresses are where they were last wanted. */
  #held: Promise<void> = Promise.resolve();

  constructor(drivers: DriverSet, cluster: Cluster, self: NodeName, placed: readonly PlacedAddress[]) {
    this.#drivers = drivers;
    this.#cluster = cluster;
    this.#self = self;
    this.#placed = placed;
    this.#guarded = new Set([...placed, ...cluster.links].map(({ device }) => device));
  }

  /** Whether frames of this device concern us: it has an address or a link. */
  guards(device: string): boolean {
    return this.#guarded.has(device);
  }

  /** Devices that the gate has to see: those of the addresses and of the links, as far as they are there. */
  gateDevices(): GateDevice[] {
    return [...this.#guarded].flatMap((name) => {
      const mac = this.#drivers.devices.get(name)?.mac;
      return mac === undefined ? [] : [{ name, mac }];
    });
  }

  send(to: NodeName, message: Message, epoch: number): void {
    if (this.#drivers.arbiters.send(to, message, epoch)) return;
    this.#drivers.links.send(to, this.#drivers.codec.encode(to, message, epoch));
  }

  persistEpoch(record: VoterRecord): Promise<boolean> {
    return this.#drivers.voterRecord.write(record);
  }

  persistOwners(records: OwnerRecords): Promise<boolean> {
    return this.#drivers.ownerRecord.write(records);
  }

  async fence(node: NodeName, why: string): Promise<{ ok: boolean; why: string }> {
    const { ok, text } = await this.#drivers.fencing.fence(node, why);
    return { ok, why: text };
  }

  noteFenced(fenced: readonly Fenced[]): void {
    this.#drivers.fencing.note.write(fenced);
  }

  persistOrders(orders: readonly Order[]): void {
    this.#drivers.orderFile.write(orders);
  }

  forgetFailures(group: GroupName): void {
    this.#drivers.resources.clear(group);
  }

  arm(token: number, groups: readonly GroupName[], lifetime: number, deadline: number): Promise<boolean> {
    return this.#drivers.gate.arm(token, groups, lifetime, deadline);
  }

  grant(token: number, groups: readonly GroupName[], deadline: number): Promise<boolean> {
    return this.#drivers.gate.grant(token, groups, deadline);
  }

  close(groups: readonly GroupName[], pass?: { to: NodeName; lifetime: number; token: number }): Promise<boolean> {
    const mac = pass === undefined ? undefined : this.#macOf(pass.to, groups);
    if (pass === undefined || mac === undefined) return this.#drivers.gate.close(groups);
    return this.#drivers.gate.close(groups, { mac, lifetime: pass.lifetime, token: pass.token });
  }

  acceptPassed(from: NodeName, groups: readonly GroupName[], lifetime: number, deadline: number): void {
    const mac = this.#macOf(from, groups);
    if (mac !== undefined) void this.#drivers.gate.acceptPassed(mac, groups, lifetime, deadline);
  }

  hold(groups: readonly GroupName[]): void {
    this.#held = this.#drivers.addresses.hold(groups);
  }

  announce(groups: readonly GroupName[]): void {
    for (const { group, address, device } of this.#placed) {
      const found = this.#drivers.devices.get(device);
      if (groups.includes(group) && found !== undefined) this.#drivers.announcer.announce(found, [address]);
    }
  }

  async readStore(groups: readonly GroupName[]): Promise<readonly StoreAnswer[]> {
    return this.#store().read(groups);
  }

  async writeStore(writes: readonly StoreWrite[]): Promise<readonly StoreAnswer[]> {
    return this.#store().write(writes);
  }

  want(wanted: Omit<Extract<Effect, { type: 'want' }>, 'type'>): void {
    // Some agents look for the address on its device.
    if (wanted.wish === 'run') this.#drivers.resources.wantAfter(this.#held, wanted);
    else this.#drivers.resources.want(wanted);
  }

  #store(): Store {
    if (this.#drivers.store === undefined) throw new Error('this cluster has no lease store');
    return this.#drivers.store;
  }

  async probe(groups: readonly GroupName[]): Promise<{ group: GroupName; by: MacAddress }[]> {
    const known = new Set([...this.#peerMacs(), ...this.gateDevices().map(({ mac }) => mac)]);
    const asked = this.#placed.filter(({ group }) => groups.includes(group));
    const answers = await Promise.all(
      asked.map(async ({ group, address, device }) => {
        const found = this.#drivers.devices.get(device);
        const by =
          found === undefined
            ? undefined
            : await whoAnswers(this.#drivers.sockets, found, address, known, probePatience);
        return by === undefined ? [] : [{ group, by }];
      }),
    );
    return answers.flat();
  }

  /** Lets the gate and the balancer know what the core knows of the peers; cheap where nothing has changed. */
  follow({ nodes }: PeersView): void {
    this.#macs = new Map(nodes.map(({ name, macs }) => [name, macs]));
    void this.#drivers.gate.setPeers(this.#peerMacs());
    for (const { name, state } of nodes) {
      if (state === 'self' || state === 'unknown') continue;
      const alive = state !== 'dead';
      if (this.#alive.get(name) === alive) continue;
      this.#alive.set(name, alive);
      this.#drivers.balancer.nodeChanged(name, alive);
    }
    void this.configureBalancer();
  }

  /** Resolves when the balancer's table is in the kernel; nothing is done where it would be as it is. */
  async configureBalancer(): Promise<void> {
    const device = this.#placed[0]?.device ?? this.#cluster.links[0]?.device;
    if (device === undefined || this.#cluster.services.length === 0 || !this.#drivers.balances) return;
    const { ownAddresses, devices, links } = this.#drivers;
    const seen = [ownAddresses.all, devices.get(device), links.learned, ...this.#macsOn(device)];
    // Each second nothing has changed, and to see that must be cheap; what follows is not.
    if (seen.length === this.#configuredFor.length && seen.every((part, at) => part === this.#configuredFor[at]))
      return;
    this.#configuredFor = seen;
    const nodes = this.#cluster.nodes.map((name) => this.#balancerNode(name, device));
    const config = {
      services: this.#cluster.services,
      self: nodes.find(({ name }) => name === this.#self)!,
      peers: nodes.filter(({ name }) => name !== this.#self),
      device,
    };
    const key = JSON.stringify([config.self, config.peers]);
    if (key === this.#configured) return;
    this.#configured = key;
    await this.#drivers.balancer.configure(config);
  }

  #balancerNode(name: NodeName, device: string): BalancerNode {
    if (name === this.#self) {
      const virtual = new Set(this.#placed.map(({ address }) => address));
      const addresses = [...this.#drivers.ownAddresses.all].filter((address) => !virtual.has(address));
      return { name, addresses, mac: this.#drivers.devices.get(device)?.mac };
    }
    const said = this.#cluster.nodeAddresses?.[name] ?? [];
    const addresses = [...new Set([...said, ...this.#drivers.links.addressesOf(name)])];
    return { name, addresses, mac: this.#macs.get(name)?.[device] };
  }

  #macsOn(device: string): (MacAddress | undefined)[] {
    return this.#cluster.nodes.map((name) => this.#macs.get(name)?.[device]);
  }

  #peerMacs(): Set<MacAddress> {
    const peers = [...this.#macs].filter(([name]) => name !== this.#self);
    return new Set(peers.flatMap(([, macs]) => Object.values(macs)));
  }

  /** The peer's MAC on the device that these groups' addresses are on. */
  #macOf(node: NodeName, groups: readonly GroupName[]): MacAddress | undefined {
    const device = this.#placed.find(({ group }) => groups.includes(group))?.device;
    return device === undefined ? undefined : this.#macs.get(node)?.[device];
  }
}
