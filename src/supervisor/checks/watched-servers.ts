import type { Random } from '../../base/random.ts';
import { serverKey } from '../../core/balancing.ts';
import {
  aliveOrUnknown,
  type Health,
  type HealthEvent,
  isServing,
  startHealth,
  stepHealth,
} from '../../core/health.ts';
import type { IpAddress } from '../../model/names.ts';
import { type RealServer, serviceKey, type VirtualService } from '../../model/virtual-service.ts';
import type { RealServerStatus } from '../../wire/status.ts';
import type { BalancerDecision } from '../balancer.ts';
import { checkerFor } from './check.ts';
import { type Rounds, startRounds } from './rounds.ts';

interface Watched {
  readonly service: VirtualService;
  readonly server: RealServer;
  readonly rounds: Rounds | undefined;
  /** As membership says it; a server that is no node is always there. */
  nodeAlive: boolean;
  health: Health;
  lastCheck: string;
  checkedAt: number | undefined;
}

export interface WatchedServersOptions {
  readonly random: Random;
  readonly journal: (decision: BalancerDecision) => void;
  /** How long a real server may take to answer after its node was declared dead (ms). */
  readonly confirmTimeout: number;
  /** Some server's health is another now. */
  readonly changed: () => void;
}

/** All real servers of all services with their checks and their health. */
export class WatchedServers {
  private readonly options: WatchedServersOptions;
  private watched = new Map<string, Watched>();

  constructor(options: WatchedServersOptions) {
    this.options = options;
  }

  /** Servers that stay, with the same check, keep their health; `inKernel` tells what a new one starts with. */
  configure(services: readonly VirtualService[], inKernel: (serviceKey: string, address: IpAddress) => boolean): void {
    const next = new Map<string, Watched>();
    for (const service of services) {
      for (const server of service.realServers) {
        const id = watchId(service, server);
        const old = this.watched.get(id) ?? next.get(id);
        if (old !== undefined && sameCheck(old.service, service)) next.set(id, Object.assign(old, { service, server }));
        else next.set(id, this.watch(id, service, server, old, inKernel(serviceKey(service), server.address)));
      }
    }
    for (const [id, old] of this.watched) if (next.get(id) !== old) old.rounds?.stop();
    this.watched = next;
  }

  serves(service: VirtualService, server: RealServer): boolean {
    const watched = this.watched.get(watchId(service, server));
    return watched !== undefined && isServing(watched.health);
  }

  status(service: VirtualService): readonly RealServerStatus[] {
    return service.realServers.map((server) => {
      const watched = this.watched.get(watchId(service, server));
      return {
        address: server.address,
        port: server.port,
        weight: watched !== undefined && isServing(watched.health) ? server.weight : 0,
        configuredWeight: server.weight,
        alive: watched === undefined ? null : aliveOrUnknown(watched.health),
        lastCheck: watched?.lastCheck ?? 'not checked yet',
        checkedMsAgo:
          watched?.checkedAt === undefined ? null : Math.max(0, Math.round(performance.now() - watched.checkedAt)),
      };
    });
  }

  /** See `Balancer.nodeChanged`. */
  nodeChanged(addresses: readonly IpAddress[], alive: boolean): void {
    for (const watched of this.watched.values()) {
      if (!addresses.includes(watched.server.address)) continue;
      watched.nodeAlive = alive;
      if (alive) this.nodeBack(watched);
      else void this.confirmDead(watched);
    }
  }

  stop(): void {
    for (const { rounds } of this.watched.values()) rounds?.stop();
  }

  private watch(
    id: string,
    service: VirtualService,
    server: RealServer,
    old: Watched | undefined,
    inKernel: boolean,
  ): Watched {
    const checker = checkerFor(service);
    const rounds =
      checker === undefined
        ? undefined
        : startRounds(checker, { service, server }, this.options.random, ({ ok, text }) => {
            const watched = this.watched.get(id);
            if (watched !== undefined && watched.rounds === rounds) this.event(watched, { type: 'checked', ok }, text);
          });
    const { type } = service.check;
    const watched: Watched = {
      service,
      server,
      rounds,
      nodeAlive: old?.nodeAlive ?? true,
      health: old?.health ?? startHealth(inKernel && type !== 'off'),
      lastCheck: old?.lastCheck ?? 'not checked yet',
      checkedAt: old?.checkedAt,
    };
    // `on`: always in; `off`: never (ldirectord(8), checktype).
    if (type === 'on') watched.health = stepHealth(startHealth(true), { type: 'checked', ok: true }, service.check);
    if (type === 'off') watched.health = startHealth(false);
    if (rounds === undefined) watched.lastCheck = `checks are ${type}`;
    return watched;
  }

  private async confirmDead(watched: Watched): Promise<void> {
    const result = await watched.rounds?.once(this.options.confirmTimeout);
    const { service, server } = watched;
    if (result?.ok === true || watched.nodeAlive || this.watched.get(watchId(service, server)) !== watched) return;
    const text = result === undefined ? 'its node is dead' : `its node is dead: ${result.text}`;
    this.event(watched, { type: 'nodeDead' }, text);
  }

  private nodeBack(watched: Watched): void {
    watched.health = stepHealth(watched.health, { type: 'nodeBack' }, watched.service.check);
    watched.rounds?.hasten();
    if (watched.service.check.type === 'on') this.event(watched, { type: 'checked', ok: true }, 'its node is alive');
  }

  private event(watched: Watched, event: HealthEvent, text: string): void {
    const before = watched.health;
    watched.health = stepHealth(before, event, watched.service.check);
    watched.lastCheck = text;
    watched.checkedAt = performance.now();
    if (watched.health.state === before.state) return;
    if (aliveOrUnknown(watched.health) !== aliveOrUnknown(before)) {
      this.options.journal({
        what: aliveOrUnknown(watched.health) === true ? 'server-alive' : 'server-dead',
        service: serviceKey(watched.service),
        server: serverKey(watched.server),
        why: text,
      });
    }
    this.options.changed();
  }
}

function watchId(service: VirtualService, server: RealServer): string {
  return `${serviceKey(service)} ${serverKey(server)}`;
}

/** The checks that run need not be started anew; other differences (weights, fallback) do not concern them. */
function sameCheck(left: VirtualService, right: VirtualService): boolean {
  return JSON.stringify(left.check) === JSON.stringify(right.check);
}
