import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { majority } from '../simulation/checkers/majority.ts';
import { oneOpenGate } from '../simulation/checkers/one-open-gate.ts';
import { oneRunner } from '../simulation/checkers/one-runner.ts';
import { realCore } from '../simulation/core.ts';
import { Ledger } from '../simulation/ledger.ts';
import { World } from '../simulation/world.ts';
import { readScenario } from './scenario.ts';

const directory = new URL('stories/', import.meta.url);
const divider = '\n----\n';

/** What happened, as somebody would tell it: faults, decisions, replies and hand-overs; not each message. */
function tell(text: string): string {
  const { plan } = readScenario(text);
  const ledger = new Ledger();
  const world = new World(plan, realCore, [ledger, oneOpenGate(), majority(ledger), oneRunner()], true);
  world.run();
  const told = world.lines!.filter(
    (line) =>
      !line.includes(' -> ') &&
      (/ decides: | replies: |FAULT|starts|shut|switched off/.test(line) ||
        (plan.keeps === true && line.includes(' kernel: addresses ')) ||
        (plan.agents !== undefined && / wants | (start|stop) web|: .*failure/.test(line))),
  );
  for (const { name } of world.cluster.groups) {
    const open = world.machines.filter((machine) => machine.powered && machine.gate.isOpen(name, world.now));
    told.push(`      end  ${name} is open on ${open.map((machine) => machine.name).join(', ') || 'no node'}`);
    if (plan.agents === undefined) continue;
    const running = world.machines.flatMap((machine) =>
      [...(machine.agents?.runs ?? [])].map((key) => `${key} on ${machine.name}`),
    );
    told.push(
      `      end  ${running.filter((key) => key.startsWith(`${name} `)).join(', ') || `nothing of ${name}`} runs`,
    );
  }
  return `${told.join('\n')}\n`;
}

/** Transcripts of how clusters behave. Where a change is meant: UPDATE=1 npx mocha test/scenario/scenario.test.ts */
describe('scenarios', () => {
  const files = readdirSync(directory).filter((file) => file.endsWith('.txt'));
  it('are there', () => assert.ok(files.length >= 8));
  for (const file of files) {
    it(file.replace('.txt', '').replaceAll('-', ' '), () => {
      const url = new URL(file, directory);
      const [given, expected] = readFileSync(url, 'utf8').split(divider);
      const told = tell(given!);
      if (process.env.UPDATE === '1') writeFileSync(url, `${given!.trimEnd()}${divider}${told}`);
      else assert.equal(told, expected);
    });
  }
});
