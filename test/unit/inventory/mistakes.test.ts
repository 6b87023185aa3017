import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { exitCodes, Problem, showMistake } from '../../../src/base/problem.ts';
import { loadInventory } from '../../../src/inventory/load.ts';

const directory = 'test/data/inventory';

/** Where each file has its mistakes; the file's name says what they are. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'all-weights-zero.yml': ['17:13'],
  'ansible-hosts-as-list.yml': ['5:9'],
  'ansible-group-named-as-result.yml': ['5:5'],
  'ansible-unknown-key.yml': ['4:3'],
  'arbiter-is-a-node.yml': ['9:13'],
  'arbiter-unknown.yml': ['9:14'],
  'boolean-as-word.yml': ['9:18'],
  'check-command-missing.yml': ['18:14'],
  'cluster-without-name.yml': ['7:3'],
  'deadtime-shorter-than-keepalive.yml': ['11:15'],
  'dr-to-another-port.yml': ['17:13'],
  'duration-without-unit.yml': ['9:25'],
  'empty.yml': ['1:1'],
  'fencing-in-wrong-words.yml': ['10:22', '11:5', '12:15'],
  'fencing-lacks-a-node.yml': ['12:5'],
  'fencing-of-unknown-names.yml': ['9:20', '11:58', '11:82', '11:119', '12:23'],
  'group-child-unknown.yml': ['7:20'],
  'group-in-a-circle.yml': ['7:3'],
  'group-named-as-host.yml': ['7:3'],
  'group-named-as-result.yml': ['4:3'],
  'group-with-unknown-host.yml': ['7:14'],
  'host-twice.yml': ['4:3'],
  'hosts-as-list.yml': ['1:8'],
  'indentation-wrong.yml': ['4:1'],
  'ini-bad-range.ini': ['2:1'],
  'ini-group-in-a-circle.ini': ['1:1'],
  'ini-group-named-as-result.ini': ['3:2'],
  'ini-host-variable-without-equals.ini': ['2:28', '2:33'],
  'ini-quote-not-closed.ini': ['2:1'],
  'ini-undefined-child.ini': ['5:1'],
  'ini-unknown-section-kind.ini': ['3:6'],
  'key-twice.yml': ['8:3'],
  'lease-shorter-than-two-keepalives.yml': ['9:38'],
  'lease-too-short-for-arbiter.yml': ['13:21'],
  'link-of-unknown-kind.yml': ['9:11'],
  'link-without-device.yml': ['9:11'],
  'links-more-than-addresses.yml': ['9:23'],
  'many-mistakes-at-once.yml': ['12:18', '16:12', '17:13'],
  'placement-in-wrong-words.yml': ['12:5', '13:15', '15:21'],
  'placement-of-unknown-names.yml': ['12:17', '13:30', '13:40', '15:24'],
  'port-too-big.yml': ['19:13'],
  'preferred-is-no-node.yml': ['12:18'],
  'resources-in-wrong-words.yml': ['11:26', '11:38', '13:21', '13:48'],
  'resource-that-must-be-promoted.yml': ['9:57'],
  'resources-of-unknown-agents.yml': ['9:66', '14:11', '15:7'],
  'quote-not-closed.yml': ['7:9'],
  'range-beside-another-length.yml': ['5:14'],
  'range-counts-down.yml': ['4:6'],
  'range-not-closed.yml': ['4:5'],
  'real-server-twice.yml': ['17:13'],
  'receive-is-no-regular-expression.yml': ['18:25'],
  'resource-list-empty.yml': ['13:18'],
  'resource-with-blank.yml': ['13:40'],
  'store-beside-arbiters.yml': ['9:13'],
  'store-endpoint-is-no-url.yml': ['8:36'],
  'store-lease-too-short.yml': ['9:21'],
  'tab-as-indentation.yml': ['3:1'],
  'two-nodes-without-third-vote.yml': ['8:10'],
  'two-services-at-one-vip.yml': ['19:12'],
  'unknown-key-at-top.yml': ['6:1'],
  'unknown-key-of-check.yml': ['18:28'],
  'unknown-key-of-host.yml': ['3:5'],
  'unknown-key-of-service.yml': ['18:7'],
  'unknown-node.yml': ['8:10'],
  'unknown-preferred-node.yml': ['12:18'],
  'unknown-real-server-in-set.yml': ['17:17'],
  'unknown-real-server.yml': ['17:19'],
  'unknown-scheduler.yml': ['18:18'],
  'vip-in-no-network.yml': ['13:19'],
  'vip-in-two-groups.yml': ['16:19'],
  'vip-is-a-name.yml': ['16:12'],
  'vip-of-a-node.yml': ['13:19'],
  'vip-of-service-in-no-group.yml': ['16:12'],
  'vip-without-port.yml': ['16:12'],
  'warntime-after-deadtime.yml': ['9:41'],
  'weight-negative.yml': ['17:35'],
};

/** A few messages in full, as they are the contract with people. */
const messages: Readonly<Record<string, string>> = {
  'unknown-real-server.yml':
    'test/data/inventory/unknown-real-server.yml:17:19 Cannot balance "web" as every real server must be in the inventory: "rs9" is not (known: node[1-3],rs[1-3])',
  'unknown-key-of-service.yml':
    'test/data/inventory/unknown-key-of-service.yml:18:7 Cannot read "schedular" as a key of "cluster.services.web": it is not known\n  hint: did you mean "scheduler"?',
  'two-nodes-without-third-vote.yml':
    'test/data/inventory/two-nodes-without-third-vote.yml:8:10 Cannot form a majority as two nodes need a third vote or fencing: only node[1-2] would vote\n  hint: add a third node, a host that only votes under "arbiters", a lease store, or fencing',
  'lease-too-short-for-arbiter.yml':
    "test/data/inventory/lease-too-short-for-arbiter.yml:13:21 Cannot hold a lease of 1 s as the arbiter's answers must be able to renew it: at a round trip of 200 ms, that takes 1.5 s\n  hint: leave the lease out, or say how near the arbiter is: arbiter_round_trip",
  'duration-without-unit.yml':
    'test/data/inventory/duration-without-unit.yml:9:25 Cannot read "keepalive" as a duration with its unit, like 200ms or 5s: 50',
};

async function problemOf(file: string): Promise<Problem> {
  try {
    await loadInventory(file);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error;
  }
  return assert.fail(`${file} was accepted`);
}

describe('inventories with mistakes', () => {
  it('are all in the table', () => {
    assert.deepEqual(readdirSync(directory).sort(), Object.keys(expected).sort());
  });

  for (const [name, places] of Object.entries(expected)) {
    it(`${name}: at ${places.join(', ')}`, async () => {
      const problem = await problemOf(`${directory}/${name}`);
      assert.equal(exitCodes[problem.reason], 65);
      assert.deepEqual(
        problem.mistakes.map(({ at }) => `${at.line}:${at.column}`),
        places,
      );
      for (const { at, message } of problem.mistakes) {
        assert.equal(at.file, `${directory}/${name}`);
        assert.match(message, /^Cannot .+ as .+: .+$/);
      }
      assert.equal(problem.message, problem.mistakes.map(showMistake).join('\n'));
    });
  }

  for (const [name, message] of Object.entries(messages)) {
    it(`${name}: says it in words`, async () => {
      assert.equal((await problemOf(`${directory}/${name}`)).message, message);
    });
  }

  it('no such file: says so with its name', async () => {
    const problem = await problemOf('test/data/inventory/no-such.yml');
    assert.equal(problem.reason, 'badInput');
    assert.match(problem.message, /^Cannot read inventory "test\/data\/inventory\/no-such.yml" as .*: no such file$/);
  });
});
