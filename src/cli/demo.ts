import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { exitCodes, Problem } from '../base/problem.ts';
import { loadInventory } from '../inventory/load.ts';
import { labPaths, resolveLabName } from '../lab/names.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { spreadOf } from './demo-requests.ts';

interface DemoOptions {
  readonly keep?: boolean;
  readonly json?: string;
  readonly inventory: string;
}

const requests = 60;

/**
 * The main job as a person would do it, command by command, so that what is seen here can be typed afterwards. The lab is
 * the clone's own; what a run before this one left of it is taken down first.
 */
async function demo(options: DemoOptions): Promise<void> {
  const started = Date.now();
  const service = await firstService(options.inventory);
  const inventory = ['-i', options.inventory];
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const act = async (title: string, args: readonly string[]): Promise<void> => {
    if (interrupted.signal.aborted) throw new Problem('interrupted', 'Interrupted');
    heading(title, args);
    const code = await muster(args);
    if (interrupted.signal.aborted) throw new Problem('interrupted', 'Interrupted');
    if (code !== 0) throw new StepFailed(args, code);
  };

  let whole = false;
  try {
    await muster(['lab', 'down'], 'ignore');
    await act('Three machines out of nothing', ['lab', 'up']);
    await act('One command makes them a cluster', ['provision', ...inventory, '--yes']);
    await act('Who holds what', ['status', ...inventory]);
    await showSpread(service);
    const json = options.json === undefined ? [] : ['--json', options.json];
    await act('Every plug pulled once', ['drill', ...inventory, ...json]);
    whole = true;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.code;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    if (options.keep !== true) {
      heading('The machines go', ['lab', 'down']);
      await muster(['lab', 'down']);
    }
  }
  if (!whole) return;
  process.stdout.write(`\nDone in ${Math.round((Date.now() - started) / 1000)} s.\n`);
  process.stdout.write(options.keep === true ? whatToTry(options.inventory) : keepHint);
}

class StepFailed extends Error {
  readonly code: number;
  constructor(args: readonly string[], code: number) {
    super(`The demo stops here: muster ${args.join(' ')} ended with exit code ${code}`);
    this.code = code;
  }
}

function heading(title: string, args: readonly string[]): void {
  const bold = process.stdout.isTTY ? ['\x1b[1m', '\x1b[0m'] : ['', ''];
  process.stdout.write(`\n${bold[0]}${title}${bold[1]}\n$ muster ${args.join(' ')}\n`);
}

/** Runs this very program with other arguments; Ctrl-C reaches it as it reaches us, and it cleans up itself. */
function muster(args: readonly string[], output: 'inherit' | 'ignore' = 'inherit'): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [process.argv[1]!, ...args], { stdio: ['ignore', output, 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? exitCodes.interrupted));
  });
}

async function firstService(file: string): Promise<VirtualService> {
  const { cluster } = await loadInventory(file);
  const service = cluster?.services[0];
  if (service !== undefined) return service;
  throw new Problem(
    'badInput',
    `Cannot demonstrate "${file}" as it must describe a cluster with a virtual service: it has none`,
  );
}

async function showSpread(service: VirtualService): Promise<void> {
  const address = `${service.address}:${service.port}`;
  process.stdout.write(`\nRequests through the virtual IP\n${requests} requests to http://${address}/\n`);
  const spread = await spreadOf(labPaths(resolveLabName()), service.address, service.port, requests);
  const widest = Math.max(...spread.values());
  for (const [server, count] of [...spread].sort(([left], [right]) => (left < right ? -1 : 1))) {
    process.stdout.write(`  ${server.padEnd(8)} ${'█'.repeat(Math.round((count / widest) * 30))} ${count}\n`);
  }
  const wanted = service.realServers.length;
  if (spread.size === wanted && !spread.has('nobody')) return;
  throw new Problem(
    'hostFailed',
    `Cannot show the spread of "${service.name}" as all ${wanted} real servers must answer: seen ${[...spread.keys()].join(', ')}`,
  );
}

const keepHint = 'muster demo --keep leaves the machines up, to try more.\n';

function whatToTry(inventory: string): string {
  return `
The machines are still up. Try:
  muster status -i ${inventory}                   who holds the address, and why
  muster run -i ${inventory} all -- uptime        one command on all of them
  muster lab browse                                       the page in your own browser
  muster standby node1 -i ${inventory}            hand over, without a lost request
  muster lab power off node2 ; muster status -i ${inventory}
  muster lab ssh node3                                    a shell on one of them
  muster lab down                                         and everything is gone
`;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('Three machines out of nothing become a cluster, serve a page, and lose every plug once.')
    .option('--keep', 'leave the machines up, and say what to try next')
    .option('--json <file>', "write the drill's result to this file")
    .option('-i, --inventory <file>', 'the inventory of the lab', 'inventory/lab.yml')
    .addHelpText('after', '\nExamples:\n  muster demo\n  muster demo --keep\n  muster demo --json drill.json')
    .action(demo);
}
