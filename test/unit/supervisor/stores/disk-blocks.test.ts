import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

describe('the helper for a device', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-blocks-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const [how, seconds] of [
    ['is slow to end', '0.2'],
    ['hangs', '2'],
  ] as const)
    it(`is waited for when it ${how}, so that its process does not end in the middle of a command`, () => {
      writeFileSync(join(directory, 'perl'), `#!/bin/sh\ncat > /dev/null\nexec >&- 2>&-\nexec sleep ${seconds}\n`, {
        mode: 0o755,
      });
      const blocks = new URL('../../../../src/supervisor/stores/disk-blocks.ts', import.meta.url).href;
      const program = `import { DeviceBlocks } from '${blocks}';
        const blocks = new DeviceBlocks('/dev/null', '/dev/null');
        blocks.read(0, 512).catch(() => {});
        await blocks.stop();
        process.stdout.write('stopped');`;
      const said = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${directory}${delimiter}${process.env.PATH}` },
      });
      assert.equal(said, 'stopped');
    });
});
