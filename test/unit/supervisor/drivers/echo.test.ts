import assert from 'node:assert/strict';
import { echoRequest, isEchoAnswer } from '../../../../src/supervisor/drivers/echo.ts';
import { pingInterval } from '../../../../src/supervisor/reachability.ts';

describe('ICMP echo', () => {
  it('is written with its checksum in IPv4, and without in IPv6, where the kernel knows the addresses', () => {
    const four = echoRequest(4, 0x1234, 7);
    assert.equal(four.toString('hex'), '0800e5c4123400070000000000000000');
    let sum = 0;
    for (let at = 0; at < four.length; at += 2) sum += four.readUInt16BE(at);
    assert.equal((sum & 0xffff) + (sum >>> 16), 0xffff);
    assert.equal(echoRequest(6, 0x1234, 0x10007).toString('hex'), '80000000123400070000000000000000');
  });

  it('is answered only by answers to the same id, behind an IP header of any length', () => {
    const answer = Buffer.from('0000000012340007', 'hex');
    const header = Buffer.alloc(24, 0);
    header[0] = 0x46;
    assert.ok(isEchoAnswer(4, Buffer.concat([header, answer]), 0x1234));
    assert.ok(!isEchoAnswer(4, Buffer.concat([header, answer]), 0x1235));
    assert.ok(!isEchoAnswer(4, Buffer.concat([header, echoRequest(4, 0x1234, 7)]), 0x1234));
    assert.ok(isEchoAnswer(6, Buffer.from('8100000012340007', 'hex'), 0x1234));
    assert.ok(!isEchoAnswer(6, Buffer.from('81', 'hex'), 0x1234));
    assert.ok(!isEchoAnswer(4, Buffer.alloc(0), 0));
  });

  it('is asked four times within deadping, and at most five times a second', () => {
    assert.deepEqual([200, 1000, 2000, 30_000].map(pingInterval), [200, 250, 500, 1000]);
  });
});
