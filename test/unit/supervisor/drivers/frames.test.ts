import assert from 'node:assert/strict';
import { addressQuestion, announcements, claimOf } from '../../../../src/supervisor/drivers/frames.ts';

const mac = '02:00:00:77:00:11';

/** The checksum of an ICMPv6 message is right where the sum over pseudo header and message is all ones. */
function checksumHolds(frame: Buffer): boolean {
  const length = frame.readUInt16BE(18);
  const pseudo = Buffer.concat([frame.subarray(22, 54), Buffer.from([0, 0, length >> 8, length & 0xff, 0, 0, 0, 58])]);
  const bytes = Buffer.concat([pseudo, frame.subarray(54)]);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

describe('frames of ARP and neighbour discovery', () => {
  it('announces an IPv4 address by a gratuitous request and reply to everybody', () => {
    const [request, reply] = announcements('10.77.0.100', mac);
    const head = ['ffffffffffff', '020000770011', '0806', '0001', '0800', '06', '04', '0001'];
    const body = ['020000770011', '0a4d0064', '000000000000', '0a4d0064'];
    assert.equal(request!.toString('hex'), [...head, ...body].join(''));
    assert.equal(reply!.readUInt16BE(20), 2);
    assert.equal(reply!.subarray(32, 38).toString('hex'), '020000770011');
  });

  it('announces an IPv6 address by an unsolicited advertisement with override, to all nodes', () => {
    const [advertisement] = announcements('fd00:77::100', mac);
    assert.equal(advertisement!.subarray(0, 6).toString('hex'), '333300000001');
    assert.equal(advertisement![21], 255);
    assert.equal(advertisement![54], 136);
    assert.equal(advertisement![58], 0x20);
    assert.ok(checksumHolds(advertisement!));
  });

  it('asks without claiming: from 0.0.0.0, and from :: to the solicited-node address', () => {
    assert.equal(addressQuestion('10.77.0.100', mac).subarray(28, 32).toString('hex'), '00000000');
    const question = addressQuestion('fd00:77::100', mac);
    assert.equal(question.subarray(0, 6).toString('hex'), '3333ff000100');
    assert.deepEqual([...question.subarray(22, 38)], Array(16).fill(0));
    assert.ok(checksumHolds(question));
  });

  it('hears who claims an address, and only that one', () => {
    const [request, reply] = announcements('10.77.0.100', mac);
    assert.equal(claimOf(request!, '10.77.0.100'), mac);
    assert.equal(claimOf(reply!, '10.77.0.100'), mac);
    assert.equal(claimOf(reply!, '10.77.0.101'), undefined);
    assert.equal(claimOf(addressQuestion('10.77.0.100', mac), '10.77.0.100'), undefined);
    const [advertisement] = announcements('fd00:77::100', mac);
    assert.equal(claimOf(advertisement!, 'fd00:77::100'), mac);
    assert.equal(claimOf(addressQuestion('fd00:77::100', mac), 'fd00:77::100'), undefined);
    for (let length = 0; length < 80; length++) claimOf(advertisement!.subarray(0, length), 'fd00:77::100');
  });
});
