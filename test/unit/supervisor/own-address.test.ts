import assert from 'node:assert/strict';
import { ownAddress } from '../../../src/supervisor/own-address.ts';

const placed = (address: string, device = 'eth0') => ({ group: 'web', address, device, prefix: 24 });
const line = (family: string, cidr: string, words = '', device = 'eth0', valid = 'forever'): string =>
  `4: ${device}    ${family} ${cidr} ${words}scope global ${device}\\       valid_lft ${valid} preferred_lft ${valid}`;
const node = [line('inet', '10.77.0.11/24', 'brd 10.77.0.255 '), line('inet6', 'fd00:77::11/64')];
const linkLocal = '4: eth0    inet6 fe80::fc:ff:fe00:1/64 scope link \\       valid_lft forever preferred_lft forever';
const verdict = (address: string, ...shown: string[]): string | undefined =>
  ownAddress([placed(address)], shown.join('\n'))?.address;

describe('a virtual IP that a node has for itself', () => {
  it('is found, IPv4 and IPv6', () => {
    assert.equal(verdict('10.77.0.11', ...node), '10.77.0.11');
    assert.equal(verdict('10.77.0.11', ...node, line('inet', '10.77.0.12/24', 'secondary ')), '10.77.0.11');
    assert.equal(verdict('fd00:77::11', ...node, linkLocal), 'fd00:77::11');
  });
  it('is not what musterd placed, what heartbeat or keepalived left, or what is elsewhere', () => {
    const vip = '10.77.0.100';
    assert.equal(verdict(vip, ...node), undefined);
    assert.equal(verdict(vip, ...node, line('inet', `${vip}/24`, 'secondary dynamic ', 'eth0', '3sec')), undefined);
    assert.equal(verdict(vip, ...node, line('inet', `${vip}/24`, 'secondary ')), undefined);
    assert.equal(verdict(vip, ...node, line('inet', `${vip}/32`)), undefined);
    assert.equal(verdict(vip, ...node, line('inet', `${vip}/32`, '', 'lo')), undefined);
    assert.equal(verdict(vip, line('inet', `${vip}/24`, 'dynamic ', 'eth0', '3sec')), undefined);
    assert.equal(verdict('fd00:77::100', ...node, line('inet6', 'fd00:77::100/64')), undefined);
    assert.equal(verdict('fd00:77::100', ...node, line('inet6', 'fd00:77::100/128')), undefined);
    assert.equal(verdict(vip, ''), undefined);
  });
});
