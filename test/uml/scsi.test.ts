import assert from 'node:assert/strict';
import { join } from 'node:path';
import { installPackages } from '../debian/installed.ts';
import { runInGuest } from './guest.ts';
import { iscsi, loopback } from './scsi-targets.ts';

interface Said {
  readonly output: string;
  readonly is: (what: string, wanted: unknown) => void;
  readonly matches: (what: string, wanted: RegExp) => void;
}

/** What a program has said in a guest with such a disk. */
async function guest(prepare: string, program: string): Promise<Said> {
  installPackages({ '/usr/bin/sg_persist': 'sg3-utils' });
  const output = await runInGuest(prepare, join(import.meta.dirname, program), 200_000);
  const lines = [...output.matchAll(/^SAYS ([^:\n]+): (.*?)\r?$/gm)];
  const said = new Map(lines.map((match) => [match[1]!, JSON.parse(match[2]!) as unknown]));
  return {
    output,
    is: (what, wanted) => assert.deepEqual(said.get(what), wanted, `${what}\n${output}`),
    matches: (what, wanted) => assert.match(String(said.get(what)), wanted, output),
  };
}

describe('uml: a quorum disk with scsi persistent reservation, on the kernel of User-Mode Linux', function () {
  this.timeout(240_000);

  it('registers, reserves, pre-empts, and locks out the node that lost', async () => {
    const { is, matches, output } = await guest(loopback, 'scsi-program.ts');
    matches('format', /is now the quorum disk/);
    is('node1 takes it', true);
    is('its key', true);
    is('reservation', true);
    matches('node2 writes unregistered', /EBADE/);
    is('node2 reads', 'node1');
    is('node2 takes it over', true);
    is('keys', [false, true]);
    is('holder of the reservation', true);
    matches('node1 writes data', /EBADE/);
    is('node1 reads', 'node2');
    matches('node1 writes its sector', /EBADE/);
    is('node1 renews', false);
    matches('node1 takes it back', /EBADE/);
    matches('node1 again at once', /its last lease is not over/);
    is('node1 takes it back when its lease is over', true);
    matches('then node2 writes data', /EBADE/);
    assert.match(output, /GUEST-ENDS 0/);
  });
});

describe('uml: fencing at a disk with scsi persistent reservation, on the kernel of User-Mode Linux', function () {
  this.timeout(240_000);

  it('refuses what a fenced node writes until it boots again, and lets it fence nobody', async () => {
    const { is, matches, output } = await guest(iscsi(), 'scsi-fencing-program.ts');
    is('before', ['written', 'written']);
    is('registered', [true, true]);
    is('tests', [true, true]);
    is('both write', ['written', 'written']);
    is('node1 goes on writing', true);
    is('fenced', { ok: true, text: 'refuses what node1 writes' });
    is('nothing that was under way arrives', true);
    matches('node1 was writing until', /Invalid exchange|Input\/output error/);
    matches('node1 writes', /Invalid exchange|Input\/output error/);
    is('node2 writes', 'written');
    is('again', { ok: true, text: 'refuses what node1 writes' });
    is('node1 shoots back', { ok: false, text: 'has no key of node1, which therefore may take no other away' });
    is('node1 starts musterd again', false);
    matches('node1 still', /Invalid exchange|Input\/output error/);
    is('node1 has booted', true);
    is('node1 writes again', 'written');
    assert.match(output, /GUEST-ENDS 0/);
  });

  it('is not confirmed, and ends by its own clock, where the target never answers', async () => {
    // This kernel's loopback waits for itself when it is to abort what is under way; one that does not is well, too.
    const { is, output } = await guest(loopback, 'scsi-silent-program.ts');
    is('registered', [true, true]);
    is('ends in time', true);
    is('confirmed without an answer', false);
    is('musterd ends', true);
    assert.match(output, /GUEST-ENDS 0/);
  });
});
