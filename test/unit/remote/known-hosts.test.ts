import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fingerprint,
  judgeKey,
  knownHostLine,
  knownKeyTypes,
  matchesPattern,
  parseKnownHosts,
} from '../../../src/remote/known-hosts.ts';

/** A key as on the wire: its type, then bytes that tell it from others. */
function key(type: string, seed: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(type.length);
  return Buffer.concat([head, Buffer.from(type), Buffer.alloc(32, seed)]);
}

const ed1 = key('ssh-ed25519', 1);
const ed2 = key('ssh-ed25519', 2);
const rsa = key('ssh-rsa', 3);
const text = (wire: Buffer): string =>
  `${wire.toString('latin1', 4, 4 + wire.readUInt32BE(0))} ${wire.toString('base64')}`;

function judge(lines: string[], address: string, port: number, wire: Buffer): string {
  const verdict = judgeKey(parseKnownHosts('kh', lines.join('\n')), address, port, wire);
  return 'entry' in verdict ? `${verdict.kind} ${verdict.entry.file}:${verdict.entry.line}` : verdict.kind;
}

describe('known_hosts', () => {
  it('knows plain names, lists, wildcards and negation', () => {
    const lines = ['# comment', '', `node1,10.0.0.1 ${text(ed1)} comment`, `*.lab,!bad.lab ${text(ed2)}`];
    assert.equal(judge(lines, 'node1', 22, ed1), 'known');
    assert.equal(judge(lines, 'NODE1', 22, ed1), 'known');
    assert.equal(judge(lines, '10.0.0.1', 22, ed1), 'known');
    assert.equal(judge(lines, 'a.lab', 22, ed2), 'known');
    assert.equal(judge(lines, 'bad.lab', 22, ed2), 'new');
    assert.equal(judge(lines, 'node10', 22, ed1), 'new');
  });

  it('refuses a changed key with the line of the old one', () => {
    assert.equal(judge(['# c', `node1 ${text(ed1)}`], 'node1', 22, ed2), 'changed kh:2');
  });

  it('takes a key of another type for changed, and names the line of the same type first', () => {
    assert.equal(judge([`node1 ${text(rsa)}`], 'node1', 22, ed1), 'changed kh:1');
    assert.equal(judge([`node1 ${text(rsa)}`, `node1 ${text(ed1)}`], 'node1', 22, ed2), 'changed kh:2');
    assert.equal(judge([`node1 ${text(rsa)}`, `node1 ${text(ed1)}`], 'node1', 22, ed1), 'known');
  });

  it('tells ports apart, and lets an entry without port vouch for its key', () => {
    const lines = [`[node1]:2222 ${text(ed1)}`, `node2 ${text(ed1)}`];
    assert.equal(judge(lines, 'node1', 2222, ed1), 'known');
    assert.equal(judge(lines, 'node1', 2222, ed2), 'changed kh:1');
    assert.equal(judge(lines, 'node1', 22, ed2), 'new');
    assert.equal(judge(lines, 'node2', 2222, ed1), 'known');
    assert.equal(judge(lines, 'node2', 2222, ed2), 'new');
  });

  it('refuses a revoked key even where another line knows it', () => {
    assert.equal(judge([`node1 ${text(ed1)}`, `@revoked * ${text(ed1)}`], 'node1', 22, ed1), 'revoked kh:2');
    assert.equal(judge([`@revoked * ${text(ed1)}`], 'node1', 2200, ed1), 'revoked kh:1');
    assert.equal(judge([`@revoked * ${text(ed2)}`, `node1 ${text(ed1)}`], 'node1', 22, ed1), 'known');
  });

  it('does not take a certificate authority for a host key', () => {
    assert.equal(judge([`@cert-authority * ${text(ed1)}`], 'node1', 22, ed1), 'new');
  });

  it('writes plain and hashed lines that it reads back', () => {
    for (const hash of [false, true]) {
      for (const port of [22, 2222]) {
        const line = knownHostLine('Node1', port, ed1, hash);
        assert.equal(line.startsWith('|1|'), hash);
        assert.equal(judge([line], 'node1', port, ed1), 'known');
        assert.equal(judge([line], 'node2', port, ed1), 'new');
      }
    }
  });

  it('reads what ssh-keygen hashes, and shows the fingerprints that it shows', () => {
    const dir = mkdtempSync(join(tmpdir(), 'muster-kh-'));
    try {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'key')]);
      const [type, base64] = readFileSync(join(dir, 'key.pub'), 'utf8').split(' ');
      const wire = Buffer.from(base64!, 'base64');
      writeFileSync(join(dir, 'kh'), `[node1]:2222 ${type} ${base64}\nother ${type} ${base64}\n`);
      execFileSync('ssh-keygen', ['-q', '-H', '-f', join(dir, 'kh')], { stdio: 'ignore' });
      const lines = readFileSync(join(dir, 'kh'), 'utf8').split('\n');
      assert.ok(lines[0]!.startsWith('|1|'));
      assert.equal(judge(lines, 'node1', 2222, wire), 'known');
      assert.equal(judge(lines, 'node1', 2222, ed1), 'changed kh:1');
      assert.equal(judge(lines, 'node3', 2222, ed1), 'new');
      assert.ok(
        execFileSync('ssh-keygen', ['-l', '-f', join(dir, 'key.pub')], { encoding: 'utf8' }).includes(
          fingerprint(wire),
        ),
      );
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('survives lines that are no entries', () => {
    assert.deepEqual(parseKnownHosts('kh', 'one\ntwo words\n@unknown a b c\n@revoked\n|1|x ssh-rsa AAAA\n').length, 1);
    assert.equal(judge(['|1|x ssh-rsa AAAA', '|1||| ssh-rsa AAAA', '|2|a|b ssh-rsa AAAA'], 'node1', 22, ed1), 'new');
  });

  it('says which types are on file, for the order in which they are offered', () => {
    const entries = parseKnownHosts('kh', `node1 ${text(rsa)}\n* ${text(ed1)}\nnode2 ${text(ed2)}`);
    assert.deepEqual(knownKeyTypes(entries, 'node1', 22), ['ssh-rsa', 'ssh-ed25519']);
    assert.deepEqual(knownKeyTypes(entries, 'node3', 22), ['ssh-ed25519']);
  });

  it('matches wildcards without blowing up', () => {
    assert.ok(matchesPattern('a*b?c*', 'axxbyc'));
    assert.ok(matchesPattern('*', ''));
    assert.ok(!matchesPattern('a?', 'a'));
    assert.ok(!matchesPattern(`${'*a'.repeat(30)}b`, 'a'.repeat(2000)));
  });
});
