import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batches } from '../../../src/playbook/batches.ts';
import { unifiedDiff } from '../../../src/playbook/diff.ts';
import { buildExchange, type ExchangeAnswer, type ProgramStep, readExchange } from '../../../src/playbook/exchange.ts';
import { contentFact } from '../../../src/playbook/facts/content.ts';
import { type FactRequest, fact } from '../../../src/playbook/facts/fact.ts';
import { type FileFact, fileFact } from '../../../src/playbook/facts/file.ts';
import { programFact } from '../../../src/playbook/facts/program.ts';
import { sysctlFact } from '../../../src/playbook/facts/sysctl.ts';
import { mergeSteps } from '../../../src/playbook/held-changes.ts';
import { SecretMask } from '../../../src/playbook/secrets.ts';

describe('one exchange with a host', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-exchange-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function run(steps: readonly ProgramStep[], requests: readonly FactRequest[]): ExchangeAnswer {
    const exchange = buildExchange(steps, requests, { stopFile: join(directory, 'stop') });
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', exchange.program], { input: exchange.stdin ?? '' });
    return readExchange(exchange, stdout, stderr);
  }

  it('keeps the outputs of the steps apart, feeds each its own bytes, and stops at the first failure', () => {
    const binary = Buffer.from([0, 1, 10, 255, 0]);
    const answer = run(
      [
        { program: `head -c 5 >${directory}/one; printf 'no newline'`, stdin: binary },
        { program: 'cat; echo out; echo err >&2' },
        { program: `head -c 3 >${directory}/two; exit 7`, stdin: Buffer.from('abc') },
        { program: `touch ${directory}/never` },
      ],
      [fact(programFact, 'echo asked')],
    );
    assert.deepEqual(
      answer.outputs.map((output) => [output.rc, output.stdout.trim(), output.stderr.trim()]),
      [
        [0, 'no newline', ''],
        [0, 'out', 'err'],
        [7, '', ''],
      ],
    );
    assert.deepEqual(readFileSync(join(directory, 'one')), binary);
    assert.equal(readFileSync(join(directory, 'two'), 'utf8'), 'abc');
    assert.throws(() => statSync(join(directory, 'never')));
    assert.equal(answer.facts.size, 0, 'facts after a failure would be of a state that nobody wanted');
  });

  it('stops between steps where the stop file appears', () => {
    const answer = run([{ program: `: >${directory}/stop` }, { program: `touch ${directory}/never` }], []);
    assert.equal(answer.stopped, true);
    assert.equal(answer.outputs.length, 1);
    assert.throws(() => statSync(join(directory, 'never')));
  });

  it('asks for facts of many keys, whatever is in their names', () => {
    const odd = join(directory, `a 'b' "c"\n-d $(e)`);
    writeFileSync(odd, 'text\n');
    chmodSync(odd, 0o640);
    mkdirSync(join(directory, 'd'));
    symlinkSync('d', join(directory, 'l'));
    const answer = run(
      [],
      [
        ...[odd, join(directory, 'd'), join(directory, 'l'), join(directory, 'none')].map((path) =>
          fact(fileFact, path),
        ),
        fact(contentFact, odd),
        fact(contentFact, join(directory, 'none')),
        fact(sysctlFact, 'kernel.ostype'),
        fact(sysctlFact, 'kernel.no.such'),
        fact(programFact, 'echo hi; exit 3'),
      ],
    );
    const file = (path: string): FileFact => answer.facts.get(`file:${path}`) as FileFact;
    const sum = execFileSync('sha256sum', { input: 'text\n' }).toString().slice(0, 64);
    assert.deepEqual([file(odd).type, file(odd).mode, file(odd).sha256, file(odd).size], ['file', '0640', sum, 5]);
    assert.equal(file(join(directory, 'd')).type, 'directory');
    assert.deepEqual([file(join(directory, 'l')).type, file(join(directory, 'l')).target], ['link', 'd']);
    assert.equal(file(join(directory, 'none')).type, 'absent');
    assert.equal(String(answer.facts.get(`content:${odd}`)), 'text\n');
    assert.equal(answer.facts.get(`content:${join(directory, 'none')}`), undefined);
    assert.equal(answer.facts.get('sysctl:kernel.ostype'), 'Linux');
    assert.equal(answer.facts.get('sysctl:kernel.no.such'), undefined);
    assert.deepEqual(answer.facts.get('program:echo hi; exit 3'), { rc: 3, stdout: 'hi' });
  });
});

describe('what goes out together', () => {
  const packages = (install: readonly string[]) =>
    ({ outcome: 'changed', steps: [{ kind: 'packages', install, remove: [] }], touches: [] }) as const;
  const program = { outcome: 'changed', steps: [{ kind: 'program', program: ':' }], touches: [] } as const;

  it('packages beside each other become one transaction, others do not', () => {
    const { steps, indices } = mergeSteps([packages(['a']), packages(['b', 'a']), program, packages(['c'])]);
    assert.deepEqual(indices, [[0], [0], [1], [2]]);
    assert.deepEqual(
      steps.map((step) => (step.kind === 'packages' ? step.install : step.program)),
      [['a', 'b'], ':', ['c']],
    );
  });

  it('batches of a rolling play cover every host once, in order', () => {
    assert.deepEqual(batches([1, 2, 3, 4, 5], []), [[1, 2, 3, 4, 5]]);
    assert.deepEqual(batches([1, 2, 3, 4, 5], [1, '50%']), [[1], [2, 3], [4, 5]]);
    assert.deepEqual(batches([1, 2], ['10%']), [[1], [2]]);
    assert.deepEqual(batches([], [1]), []);
  });
});

describe('what is shown', () => {
  it('a diff has its lines in order and what is around them', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
    const lines = unifiedDiff(before, before.replace('b\n', 'B\n').replace('h\n', 'h\ni\n'));
    assert.deepEqual(lines, ['@@ -1 +1 @@', ' a', '-b', '+B', ' c', ' d', ' e', ' f', ' g', ' h', '+i']);
    assert.deepEqual(unifiedDiff('x\n', 'x\n'), []);
    assert.deepEqual(unifiedDiff('', 'x\n'), ['@@ -1 +1 @@', '+x']);
  });

  it('a secret is masked wherever it comes up, each of its lines too', () => {
    const mask = new SecretMask();
    mask.keep('auth 1\n1 sha256 0123456789abcdef\n');
    const shown = mask.maskAll({ a: ['x 1 sha256 0123456789abcdef y'], n: 1, none: undefined });
    assert.deepEqual(shown, { a: ['x (secret) y'], n: 1, none: undefined });
  });
});
