import { Command, InvalidArgumentError } from 'commander';
import { connectStdio } from '../lab/dial.ts';
import { serveGateway } from '../lab/gateway.ts';
import { labDown, labStatus } from '../lab/lab.ts';
import { labPaths, resolveLabName, sampleVip, sharedVolume } from '../lab/names.ts';
import { browse, cache, type LabOption, say, showStatus, ssh, up, withProgress } from './lab-actions.ts';
import { addFaultVerbs } from './lab-faults.ts';

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

const examples = `
Examples:
  muster lab up --nodes 3                     three Debian machines on a switch of their own
  muster lab up --volume 256                  the same with a disk of 256 MB that all of them share
  muster lab ssh node1 -- systemctl status    a command on one of them
  muster lab power off node1                  pull the plug
  muster lab partition node1 node2,node3      node1 on one side, the others on the other
  muster lab partition node1,node2 --one-way  node2 no longer hears node1, node1 still hears node2
  muster lab slow node1 node2 --delay 100ms --loss 1%   a bad line between two nodes
  muster lab heal                             undo all faults
  muster lab down                             leave nothing but the cached base tree`;

/** `muster lab ...`: machines out of nothing, and what can happen to them. */
export function labCommand(): Command {
  const lab = new Command('lab')
    .description('Debian machines out of nothing, on a switch of their own')
    .addHelpText('after', examples);
  const verb = (usage: string, description: string): Command =>
    lab
      .command(usage)
      .description(description)
      .option('--lab <name>', "the lab's name (default: MUSTER_LAB, else from this clone's path)");

  verb('up', 'bring the lab up, or complete one that is up')
    .option('--nodes <n>', 'how many nodes (default: 3)', count)
    .option('--links <n>', 'networks that each node is in: 1, or 2 (10.78.0.0/24 on eth1, for heartbeats)', count)
    .option('--volume <megabytes>', `a disk that all nodes share, ${sharedVolume}, for a Filesystem resource`, count)
    .action(up);
  verb('down', 'take it down; works also after a crash').action(async (options: LabOption) => {
    const name = resolveLabName(options.lab);
    await withProgress(`lab ${name}`, () => labDown(name));
    say(`lab ${name} is down`);
  });
  verb('status', 'nodes, power, cuts')
    .option('--json', 'as JSON')
    .action(async (options: LabOption & { json?: boolean }) => {
      const status = await labStatus(options.lab);
      if (options.json) say(JSON.stringify(status, null, 2));
      else showStatus(status);
    });
  verb('ssh <node> [command...]', 'a shell on a node, or one command after --').action(ssh);
  verb('connect <node>', "standard input and output as a stream to the node's sshd (for ProxyCommand)").action(
    async (node: string, options: LabOption) => connectStdio(labPaths(resolveLabName(options.lab)), node),
  );
  verb('browse', 'offer the virtual IP on a loopback port of this machine, until Ctrl-C')
    .option('--port <port>', 'the loopback port (0: any free one)', Number, 8080)
    .option('--to <address:port>', "where in the lab's network", `${sampleVip}:80`)
    .action(browse);
  addFaultVerbs(verb);
  lab.command('cache').description('the cached base trees').option('--drop', 'remove them').action(cache);
  lab
    .command('gateway <name>', { hidden: true })
    .action((name: string) => serveGateway(labPaths(resolveLabName(name))));
  return lab;
}
