import { type Random, seededRandom } from '../../base/random.ts';
import { flowKey, hashSeed, isApproximated, planService, type ServicePlan } from '../../core/balancing.ts';
import type { IpAddress, NodeName } from '../../model/names.ts';
import { type RealServer, serviceKey, type VirtualService } from '../../model/virtual-service.ts';
import type { ServiceStatus } from '../../wire/status.ts';
import type { Balancer, BalancerConfig, BalancerDecision } from '../balancer.ts';
import { shortcoming } from '../checks/check.ts';
import { WatchedServers } from '../checks/watched-servers.ts';
import { Applier } from './nftables-balancer-applier.ts';
import { type Neighbours, readNeighbours } from './nftables-balancer-neighbours.ts';
import { type Nft, systemNft } from './nftables-balancer-nft.ts';
import type { ForwardedService, Forwarding, ForwardTarget } from './nftables-balancer-ruleset.ts';

/** Between two looks at the neighbour table, where real servers that are no nodes need it (ms). */
const neighbourInterval = 1000;

/** How long the real server of a dead node may take to show that it is not (ms); an answer in a LAN takes one. */
const confirmTimeout = 50;

export interface NftablesBalancerOptions {
  readonly journal: (decision: BalancerDecision) => void;
  readonly nft?: Nft;
  readonly random?: Random;
  readonly readNeighbours?: typeof readNeighbours;
  readonly confirmTimeout?: number;
}

/** The balancer of kernels without IPVS: checks decide, a hash in netdev ingress forwards. */
export function createNftablesBalancer(options: NftablesBalancerOptions): Balancer {
  return new NftablesBalancer(options);
}

class NftablesBalancer implements Balancer {
  private readonly journal: (decision: BalancerDecision) => void;
  private readonly readNeighbours: typeof readNeighbours;
  private readonly servers: WatchedServers;
  private readonly applier: Applier;
  private config: BalancerConfig | undefined;
  private neighbours: Neighbours = new Map();
  private ownAddresses: ReadonlySet<IpAddress> = new Set();
  private readonly onFallback = new Set<string>();
  private neighbourTimer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(options: NftablesBalancerOptions) {
    this.journal = options.journal;
    this.readNeighbours = options.readNeighbours ?? readNeighbours;
    this.servers = new WatchedServers({
      random: options.random ?? seededRandom(process.pid),
      journal: options.journal,
      confirmTimeout: options.confirmTimeout ?? confirmTimeout,
      changed: () => void this.applier.apply(),
    });
    this.applier = new Applier(
      options.nft ?? systemNft,
      () => this.forwarding(),
      (why) => this.journal({ what: 'table', why: `nft refused the forwarding rules: ${why}` }),
    );
  }

  async configure(config: BalancerConfig): Promise<void> {
    const known = new Set(this.config?.services.map(serviceKey));
    const kernel = this.config === undefined ? await this.applier.read() : undefined;
    if (this.stopped) return;
    this.config = config;
    this.ownAddresses = ownAddresses(config);
    for (const service of config.services) if (!known.has(serviceKey(service))) this.warn(service);
    await this.refreshNeighbours();
    if (this.stopped) return;
    this.servers.configure(config.services, (key, address) => kernel?.forwarded.get(key)?.has(address) === true);
    clearInterval(this.neighbourTimer);
    if (this.strangers().length > 0)
      this.neighbourTimer = setInterval(() => void this.refreshNeighbours(), neighbourInterval);
    await this.applier.apply();
  }

  nodeChanged(name: NodeName, alive: boolean): void {
    const node = this.config?.peers.find((peer) => peer.name === name);
    if (node !== undefined) this.servers.nodeChanged(node.addresses, alive);
  }

  reapply(): Promise<void> {
    this.applier.forget();
    return this.applier.apply();
  }

  status(): readonly ServiceStatus[] {
    return (this.config?.services ?? []).map((service) => ({
      key: serviceKey(service),
      scheduler: service.scheduler,
      realServers: this.servers.status(service),
    }));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.neighbourTimer);
    this.servers.stop();
    await this.applier.stop();
  }

  private forwarding(): Forwarding | undefined {
    const { config } = this;
    if (config?.self.mac === undefined) return undefined;
    return { device: config.device, mac: config.self.mac, services: config.services.map((own) => this.forward(own)) };
  }

  private forward(service: VirtualService): ForwardedService {
    const key = serviceKey(service);
    const plan = planService(
      service,
      (server) => this.servers.serves(service, server) && this.reach(service, server.address) !== undefined,
    );
    const reached = (servers: readonly RealServer[]): ForwardTarget[] =>
      servers.flatMap(({ address }) => this.reach(service, address) ?? []);
    const targets = reached(plan.targets);
    this.tellFallback(service, plan);
    return {
      address: service.address,
      port: service.port,
      protocol: service.protocol,
      flowKey: flowKey(service),
      seed: hashSeed(key),
      targets,
      // A fallback whose MAC nobody knows cannot be sent anything.
      slots: targets.length === plan.targets.length ? plan.slots : [],
      keepers: reached(plan.keepers),
    };
  }

  /** How frames get to a real server; undefined where it has no known MAC (yet), or is not reached by direct routing. */
  private reach(service: VirtualService, address: IpAddress): ForwardTarget | undefined {
    if (this.ownAddresses.has(address)) return { address, mac: undefined };
    if (unreachable(service, address) !== undefined) return undefined;
    const peer = this.config?.peers.find(({ addresses }) => addresses.includes(address));
    const mac = peer?.mac ?? this.neighbours.get(address);
    return mac === undefined ? undefined : { address, mac };
  }

  /** Real servers whose MAC nobody but the kernel's neighbour table can tell. */
  private strangers(): readonly IpAddress[] {
    const { services, peers } = this.config ?? { services: [], peers: [] };
    const known = new Set(peers.filter(({ mac }) => mac !== undefined).flatMap(({ addresses }) => addresses));
    return services
      .flatMap(({ realServers, fallback }) => (fallback === undefined ? realServers : [...realServers, fallback]))
      .map(({ address }) => address)
      .filter((address) => !known.has(address) && !this.ownAddresses.has(address));
  }

  private async refreshNeighbours(): Promise<void> {
    const strangers = this.strangers();
    if (this.config === undefined || strangers.length === 0) return;
    const ipv6 = strangers.some((address) => address.includes(':'));
    const found = await this.readNeighbours(this.config.device, ipv6);
    const changed = strangers.some((address) => found.get(address) !== this.neighbours.get(address));
    // A server that has just lost its entry is still where it was: its check will tell when it is not.
    this.neighbours = new Map([...this.neighbours, ...found]);
    if (changed) void this.applier.apply();
  }

  private tellFallback(service: VirtualService, plan: ServicePlan): void {
    const key = serviceKey(service);
    if (plan.usesFallback === this.onFallback.has(key)) return;
    if (plan.usesFallback) this.onFallback.add(key);
    else this.onFallback.delete(key);
    const why = plan.usesFallback ? 'no real server serves' : 'a real server serves again';
    this.journal({ what: plan.usesFallback ? 'fallback-on' : 'fallback-off', service: key, why });
  }

  /** What this service will not do although it is configured, once per service. */
  private warn(service: VirtualService): void {
    const say = (why: string): void => this.journal({ what: 'warning', service: serviceKey(service), why });
    const check = shortcoming(service);
    if (check !== undefined) say(check);
    if (isApproximated(service.scheduler))
      say(`"${service.scheduler}" needs IPVS; connections are spread by weight with a hash instead`);
    for (const { address } of service.realServers) {
      const why = unreachable(service, address);
      if (why !== undefined && !this.ownAddresses.has(address)) say(why);
    }
  }
}

/** Why direct routing cannot serve this real server, if it cannot. */
function unreachable(service: VirtualService, address: IpAddress): string | undefined {
  const server = [...service.realServers, ...(service.fallback === undefined ? [] : [service.fallback])].find(
    (one) => one.address === address,
  );
  if (server === undefined || server.forwarding === 'gate') return undefined;
  return `Cannot forward to "${address}" as it must be reached by direct routing (gate) without IPVS: it is configured as ${server.forwarding}`;
}

/** This host's addresses, without the virtual ones: those lie on `lo` of every real server. */
function ownAddresses(config: BalancerConfig): ReadonlySet<IpAddress> {
  const virtual = new Set(config.services.map(({ address }) => address));
  return new Set(config.self.addresses.filter((address) => !virtual.has(address)));
}
