/** The two that are compared: what is said to each on a node for what an operator wants of it. */
import type { Status } from '../../../src/wire/status.ts';

export type ProductName = 'heartbeat' | 'musterd';

/** What a program on a node says. */
export type Ask = (node: string, program: string) => Promise<string>;

export interface Product {
  readonly name: ProductName;
  readonly service: string;
  /** Hands everything over. */
  readonly standby: string;
  /** The end of that. */
  readonly online: string;
  /** Brings the groups that prefer a node home to it; run on that node. */
  readonly home: (node: string, groups: readonly string[]) => string;
  /** Takes groups that prefer the other node; run on that node. */
  readonly take: (node: string, groups: readonly string[]) => string;
  /** Ends it, also at boot, whatever it is at. */
  readonly halt: string;
  /** Takes away what would disturb the next story. */
  readonly clean: string;
  /** Whether these nodes, on all of which it runs, know each other and are not about to do anything. */
  readonly isSettled: (ask: Ask, nodes: readonly string[]) => Promise<boolean>;
  /** For a message: the last that it said. */
  readonly log: string;
}

export const heartbeat: Product = {
  name: 'heartbeat',
  service: 'heartbeat',
  standby: '/usr/share/heartbeat/hb_standby',
  // Its standby is an act and no state: nothing has to end.
  online: 'true',
  home: () => '/usr/share/heartbeat/hb_takeover local',
  take: () => '/usr/share/heartbeat/hb_takeover foreign',
  // Two that wait for each other's standby do not end for an hour; and one that starts itself anew, as both had everything
  // while the network was cut, may leave its former self running.
  halt: `systemctl disable heartbeat
timeout 60 systemctl stop heartbeat
for one in /proc/[0-9]*; do
  if [ "$(cat "$one/comm" 2>/dev/null)" = heartbeat ]; then kill -KILL "\${one#/proc/}"; fi
done
for one in $(reference-addresses); do ip address del "$one" dev eth0; done`,
  clean: 'rm -f /var/log/ha-log',
  isSettled: async (ask, nodes) => {
    const settled = await Promise.all(
      nodes.map(async (node) => {
        const others = nodes.filter((name) => name !== node);
        const questions = ['rscstatus', ...others.map((name) => `nodestatus ${name}`)];
        const answer = await ask(node, questions.map((question) => `cl_status ${question}`).join('; '));
        const [resources, ...peers] = answer.trim().split('\n');
        return (
          /^(all|local|foreign|none)$/.test(resources ?? '') && others.every((_, index) => peers[index] === 'active')
        );
      }),
    );
    return settled.every(Boolean);
  },
  log: 'tail -n 40 /var/log/ha-log',
};

/** For a while only, so that nothing draws them there later. */
const move = (node: string, groups: readonly string[]): string =>
  groups.map((group) => `musterd move ${group} ${node} --for 5s`).join(' && ');

export const musterd: Product = {
  name: 'musterd',
  service: 'musterd',
  standby: 'musterd standby',
  online: 'musterd online',
  home: move,
  take: move,
  halt: 'systemctl disable --now musterd',
  // Also that a node had given up on a resource, which it remembers until the machine boots.
  clean: 'rm -f /var/lib/muster/orders* /run/muster/resources/failures.json',
  isSettled: async (ask, nodes) => {
    const settled = await Promise.all(
      nodes.map(async (node) => {
        const answer = await ask(node, 'musterd status --json');
        if (!answer.startsWith('{')) return false;
        const { nodes: seen, quorum } = JSON.parse(answer) as Status;
        const knows = (name: string): boolean =>
          seen.some((one) => one.name === name && (one.state === 'self' || one.state === 'up'));
        return quorum.votes > nodes.length && nodes.every(knows);
      }),
    );
    return settled.every(Boolean);
  },
  log: 'journalctl -u musterd -o cat -n 40',
};
