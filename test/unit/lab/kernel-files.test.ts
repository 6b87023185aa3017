import { strict as assert } from 'node:assert';
import { parseHierarchies } from '../../../src/lab/cgroup.ts';
import { mountsBelow } from '../../../src/lab/mounts.ts';
import { labTools, missingPackages } from '../../../src/lab/requirements.ts';

describe('what the lab reads of the kernel and the machine', () => {
  it('finds both kinds of cgroup hierarchies, and only those that systemd-nspawn writes to', () => {
    const hybrid = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`;
    assert.deepEqual(parseHierarchies(hybrid), {
      unified: '/sys/fs/cgroup/unified',
      legacy: ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/freezer', '/sys/fs/cgroup/systemd'],
    });
    assert.deepEqual(parseHierarchies('cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n'), {
      unified: '/sys/fs/cgroup',
      legacy: [],
    });
    assert.equal(parseHierarchies('cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n'), undefined);
  });

  it('lists mounts innermost first, and none of a lab whose name only begins alike', () => {
    const line = (path: string): string => `36 35 98:0 / ${path} rw,noatime - tmpfs tmpfs rw`;
    const text = ['/run/muster/lab/a/disk', '/run/muster/lab/ab/disk', '/run/muster/lab/a/disk/in\\040ner', '/']
      .map(line)
      .join('\n');
    assert.deepEqual(mountsBelow(text, '/run/muster/lab/a'), [
      '/run/muster/lab/a/disk/in ner',
      '/run/muster/lab/a/disk',
    ]);
  });

  it('names each missing package once', () => {
    assert.deepEqual(
      missingPackages(() => true),
      [],
    );
    assert.deepEqual(
      missingPackages((program) => program !== 'ssh' && program !== 'ssh-keygen'),
      ['openssh-client'],
    );
    assert.deepEqual(
      missingPackages(() => false),
      [...new Set(Object.values(labTools))].sort(),
    );
  });
});
