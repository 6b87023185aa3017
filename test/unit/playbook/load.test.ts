import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '../../../src/base/problem.ts';
import { loadPlaybook } from '../../../src/playbook/load.ts';

describe('loading a playbook', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-load-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const load = (text: string, name = 'p.yml') => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return loadPlaybook(file);
  };

  it('reads what an Ansible user writes, module names in full too', async () => {
    const { plays } = await load(`
- name: web
  hosts: web
  become: true
  serial: [1, 50%]
  tasks:
    - ansible.builtin.apt: { name: [apache2] }
    - name: page
      ansible.builtin.copy: { content: x, dest: /srv/x }
      when: [a == 1, b]
      notify: reload
    - command: uptime
  handlers:
    - name: reload
      ansible.builtin.systemd: { name: apache2, state: reloaded }
`);
    assert.deepEqual(
      plays[0]!.tasks.map((task) => task.module.name),
      ['package', 'copy', 'command'],
    );
    assert.deepEqual(plays[0]!.tasks[2]!.args, { cmd: 'uptime' });
    assert.equal(plays[0]!.tasks[1]!.when.length, 2);
    assert.equal(plays[0]!.handlers[0]!.module.name, 'service');
    assert.deepEqual(plays[0]!.serial, [1, '50%']);
  });

  it('tells all mistakes at once, each with its place and the nearest known name', async () => {
    const text = `- hosts: all
  becom: true
  tasks:
    - name: one
      coppy: { dest: /x }
    - name: two
      copy: { content: a, dst: /x }
      whn: true
    - name: three
      command: ls
      when: a ==
      notify: relod
    - name: four
  handlers:
    - name: reload
      command: ls
`;
    await assert.rejects(load(text), (problem: Problem) => {
      const seen = problem.mistakes.map(({ at, hint }) => `${at.line}:${at.column} ${hint ?? ''}`);
      assert.equal(problem.reason, 'badInput');
      assert.ok(seen.includes('2:3 did you mean "become"?'), seen.join('\n'));
      assert.ok(seen.includes('5:7 did you mean "copy"?'), seen.join('\n'));
      assert.ok(seen.includes('7:27 did you mean "dest"?'), seen.join('\n'));
      assert.ok(seen.includes('8:7 did you mean "when"?'), seen.join('\n'));
      assert.ok(
        seen.some((line) => line.startsWith('11:17')),
        seen.join('\n'),
      );
      assert.ok(seen.includes('12:15 did you mean "reload"?'), seen.join('\n'));
      assert.ok(
        seen.some((line) => line.startsWith('13:7')),
        seen.join('\n'),
      );
      assert.equal(problem.mistakes.length, 7);
      return true;
    });
  });

  it('refuses what is no YAML, no list, or imports itself', async () => {
    await assert.rejects(load('- a: [1'), /p\.yml:1:\d+ Cannot read this as YAML/);
    await assert.rejects(load('hosts: all'), /p\.yml:1:1 .*must be a list of plays/);
    await assert.rejects(load('- import_playbook: p.yml'), /may import itself/);
    await assert.rejects(loadPlaybook(join(directory, 'none.yml')), /there is none/);
  });

  it('loads the playbooks that come with it', async () => {
    const { plays } = await loadPlaybook('playbooks/site.yml');
    assert.ok(
      plays.some((play) => play.name === 'Web servers'),
      'web.yml is imported',
    );
  });
});
