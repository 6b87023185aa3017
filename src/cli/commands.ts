import type { Command } from 'commander';

/** A command as the top-level help lists it; `load` brings its code only when it is used. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /** Nothing of it goes on behind its end, not even a child: the process may be left right then. */
  readonly endsAtOnce?: boolean;
}

/** Every command of `muster`, in the order in which people need them. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'three machines out of nothing, one service, every plug pulled once',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  {
    name: 'lab',
    summary: 'machines out of nothing: systemd-nspawn nodes on a switch of their own',
    load: async () => (await import('./lab.ts')).labCommand(),
  },
  {
    name: 'inventory',
    summary: 'check and show an inventory, or export its schema',
    load: async () => (await import('./inventory.ts')).inventoryCommand(),
  },
  {
    name: 'provision',
    summary: 'make a cluster of the hosts in an inventory',
    load: async () => (await import('./provision.ts')).provisionCommand(),
  },
  { name: 'play', summary: 'run a playbook', load: async () => (await import('./play.ts')).playCommand() },
  {
    name: 'status',
    summary: 'who holds what, quorum, nodes and real servers',
    load: async () => (await import('./status.ts')).statusCommand(),
  },
  {
    name: 'doctor',
    summary: "what each node's kernel can do, and what protects each address",
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
  {
    name: 'explain',
    summary: 'why a resource group is where it is, or where it would run',
    load: async () => (await import('./explain.ts')).explainCommand(),
  },
  {
    name: 'what-if',
    summary: 'who would hold what if nodes died or the network were cut',
    load: async () => (await import('./what-if.ts')).whatIfCommand(),
  },
  {
    name: 'standby',
    summary: 'hand everything of a node over, and keep it free',
    load: async () => (await import('./standby.ts')).standbyCommand(),
  },
  {
    name: 'online',
    summary: 'let a node take groups again',
    load: async () => (await import('./standby.ts')).onlineCommand(),
  },
  {
    name: 'fence',
    summary: 'make sure that a node does nothing any more',
    load: async () => (await import('./fence.ts')).fenceCommand(),
  },
  {
    name: 'move',
    summary: 'move a resource group to a node, for a time or until it is cleared',
    load: async () => (await import('./move.ts')).moveCommand(),
  },
  {
    name: 'clear',
    summary: 'the end of move; failures are forgotten',
    load: async () => (await import('./move.ts')).clearCommand(),
  },
  {
    name: 'maintenance',
    summary: 'let everything alone that runs, on the whole cluster or on a node',
    load: async () => (await import('./maintenance.ts')).maintenanceCommand(),
  },
  {
    name: 'failcounts',
    summary: 'what failed where, how often, and what follows',
    load: async () => (await import('./failcounts.ts')).failcountsCommand(),
  },
  {
    name: 'alerts',
    summary: 'who is told of what, and what came of it',
    load: async () => (await import('./alerts.ts')).alertsCommand(),
  },
  {
    name: 'monitors',
    summary: 'what is looked at beyond resources, and how it is',
    load: async () => (await import('./alerts.ts')).monitorsCommand(),
  },
  {
    name: 'history',
    summary: 'what moved, when and why',
    load: async () => (await import('./history.ts')).historyCommand(),
  },
  {
    name: 'reconfigure',
    summary: 'let nodes vote, or vote no more, while the cluster runs',
    load: async () => (await import('./reconfigure.ts')).reconfigureCommand(),
  },
  {
    name: 'drill',
    summary: 'fail every node over in turn, and say how long users would have been down',
    load: async () => (await import('./drill.ts')).drillCommand(),
  },
  {
    name: 'run',
    summary: 'one command on many hosts, equal outputs folded',
    load: async () => (await import('./run.ts')).runCommand(),
    endsAtOnce: true,
  },
  {
    name: 'shell',
    summary: 'many hosts at one keyboard: a prompt with folded answers, or panes of a tmux',
    load: async () => (await import('./shell.ts')).shellCommand(),
  },
  {
    name: 'copy',
    summary: 'files and folders to many hosts',
    load: async () => (await import('./copy.ts')).copyCommand(),
    endsAtOnce: true,
  },
  {
    name: 'fetch',
    summary: 'files and folders of many hosts',
    load: async () => (await import('./fetch.ts')).fetchCommand(),
    endsAtOnce: true,
  },
  {
    name: 'hosts',
    summary: 'fold, expand and count sets of hosts',
    load: async () => (await import('./hosts.ts')).hostsCommand(),
    endsAtOnce: true,
  },
  {
    name: 'facts',
    summary: 'what hosts are: system, kernel, memory, addresses',
    load: async () => (await import('./facts.ts')).factsCommand(),
    endsAtOnce: true,
  },
  {
    name: 'ping',
    summary: 'which hosts can be reached',
    load: async () => (await import('./ping.ts')).pingCommand(),
    endsAtOnce: true,
  },
  {
    name: 'agent',
    summary: 'the connections that --persist keeps open',
    load: async () => (await import('./agent.ts')).agentCommand(),
  },
  {
    name: 'completion',
    summary: 'completion for bash, zsh and fish',
    load: async () => (await import('./completion.ts')).completionCommand(),
  },
];
