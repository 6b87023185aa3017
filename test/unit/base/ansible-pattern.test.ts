import assert from 'node:assert/strict';
import { evaluateAnsiblePattern } from '../../../src/base/ansible-pattern.ts';
import { NodeSetError } from '../../../src/base/node-set.ts';

const world = {
  hosts: ['web1', 'web2', 'web3', 'db1', 'db2', 'lone.example.com'],
  groups: {
    all: ['web1', 'web2', 'web3', 'db1', 'db2', 'lone.example.com'],
    web: ['web1', 'web2', 'web3'],
    dbs: ['db1', 'db2'],
    eu: ['web2', 'web3', 'db1'],
  },
};
const hosts = (text: string): string => [...evaluateAnsiblePattern(text, world)].join(' ');

describe("host patterns as Ansible's", () => {
  // The results are those of `ansible --list-hosts` on the same inventory.
  const cases: readonly (readonly [string, string])[] = [
    ['all', 'web1 web2 web3 db1 db2 lone.example.com'],
    ['*', 'web1 web2 web3 db1 db2 lone.example.com'],
    ['web1', 'web1'],
    ['web:dbs', 'web1 web2 web3 db1 db2'],
    ['dbs,web', 'web1 web2 web3 db1 db2'],
    ['web:&eu', 'web2 web3'],
    ['web:!eu', 'web1'],
    ['!eu:web', 'web1'],
    ['!eu', 'web1 db2 lone.example.com'],
    ['&eu:!dbs', 'web2 web3'],
    ['web:!web2:dbs:&eu', 'web3 db1'],
    ['web[0]', 'web1'],
    ['web[-1]', 'web3'],
    ['web[0:1]', 'web1 web2'],
    ['web[1:]', 'web2 web3'],
    ['web[0-1]', 'web1 web2'],
    ['web*', 'web1 web2 web3'],
    ['*.example.com', 'lone.example.com'],
    ['~(web|db)[12]$', 'web1 web2 db1 db2'],
    ['~we', 'web1 web2 web3'],
    ['', ''],
  ];
  for (const [text, expected] of cases) it(text || '(nothing)', () => assert.equal(hosts(text), expected));

  const wrong: readonly (readonly [string, number, RegExp])[] = [
    ['web:!dbx', 6, /"dbx" does not/],
    ['nope', 1, /"nope" does not/],
    ['web[7]', 1, /picks none of its 3/],
    ['web,~(', 5, /no regular expression/],
  ];
  for (const [text, column, message] of wrong) {
    it(`${text}: refused at character ${column}`, () => {
      assert.throws(
        () => hosts(text),
        (error: Error) => error instanceof NodeSetError && error.column === column && message.test(error.message),
      );
    });
  }
});
