import type { Answer, Ballot, Beat, Message, Request } from '../core/message.ts';
import type { Reader, Writer } from './bytes.ts';
import { readFencing, readOwnerWords, writeFencing, writeOwnerWords } from './encoding-fencing.ts';
import { readOrders, writeOrders } from './encoding-orders.ts';
import { readSettings, saysSettings, writeSettings } from './encoding-settings.ts';
import type { LastRead, LastSaid, Renewal, WrittenBeat } from './known-beats.ts';

/** The first byte of a body; numbers are never reused. */
const kinds = {
  beat: 1,
  prepare: 2,
  promise: 3,
  propose: 4,
  accept: 5,
  release: 6,
  offer: 7,
  take: 8,
  voters: 9,
  stepDown: 10,
  changePrepare: 11,
  changePromise: 12,
  changePropose: 13,
  changeAccept: 14,
  orders: 20,
} as const;
const lastOfFirstVersion = kinds.take;

/** Whether version 1 has this kind of message. */
export function isOfFirstVersion({ kind }: Message): boolean {
  return kinds[kind] <= lastOfFirstVersion;
}

/** Appends the body of a message: its kind, then its fields in the order of their declaration. */
export function writeMessage(writer: Writer, message: Message, version: number, last: WrittenBeat): void {
  writer.u8(kinds[message.kind]);
  switch (message.kind) {
    case 'beat':
      writeBeat(writer, message.beat, version, last);
      return;
    case 'prepare':
      writer.hex(message.nonce, 16);
      writer.hex(message.incarnation, 16);
      writeRequests(writer, message.requests, version);
      if (version > 1 && message.lease !== undefined) {
        writer.u32(message.lease);
        if (message.owned !== undefined) writeTexts(writer, message.owned);
      }
      return;
    case 'promise':
      writer.hex(message.nonce, 16);
      writeAnswers(writer, message.answers);
      if (version > 1 && message.owners !== undefined) writeOwnerWords(writer, message.owners);
      return;
    case 'propose':
      writer.hex(message.nonce, 16);
      writer.hex(message.incarnation, 16);
      writer.u32(message.lease);
      writeRequests(writer, message.requests, version);
      writeBeat(writer, message.beat, version, last);
      return;
    case 'accept':
      writer.hex(message.nonce, 16);
      writeAnswers(writer, message.answers);
      writeBeat(writer, message.beat, version, last);
      return;
    case 'release':
      writer.text(message.to ?? '');
      writer.u8(message.releases.length);
      for (const { group, ballot } of message.releases) {
        writer.text(group);
        writeBallot(writer, ballot);
      }
      return;
    case 'offer':
    case 'take':
      writer.hex(message.nonce, 16);
      writeTexts(writer, message.groups);
      return;
    case 'voters':
      writeTexts(writer, message.voters);
      return;
    case 'orders':
      writeOrders(writer, message.orders);
      return;
    case 'stepDown':
      return;
    case 'changePrepare':
      writer.hex(message.nonce, 16);
      writeBallot(writer, message.ballot);
      writeTexts(writer, message.base);
      return;
    case 'changePromise':
      writer.hex(message.nonce, 16);
      writeVerdict(writer, message);
      writer.u8(message.accepted === undefined ? 0 : 1);
      if (message.accepted === undefined) return;
      writeBallot(writer, message.accepted.ballot);
      writeTexts(writer, message.accepted.voters);
      return;
    case 'changePropose':
      writer.hex(message.nonce, 16);
      writeBallot(writer, message.ballot);
      writeTexts(writer, message.voters);
      return;
    case 'changeAccept':
      writer.hex(message.nonce, 16);
      writeVerdict(writer, message);
      return;
  }
}

/**
 * The message in a body that ends where the reader ends; undefined where anything is missing, or (in version 1) left over.
 * From version 2 on a sender may know more fields behind those that are known here, and more kinds: `unknown`.
 */
export function readMessage(reader: Reader, version: number, last: LastSaid): Message | 'unknown' | undefined {
  const kind = reader.u8();
  const message = version === 1 && kind > lastOfFirstVersion ? undefined : readBody(reader, kind, version, last);
  if (reader.bad || (version === 1 && reader.offset !== reader.end)) return undefined;
  return message ?? (version === 1 ? undefined : 'unknown');
}

function readBody(reader: Reader, kind: number, version: number, last: LastSaid): Message | undefined {
  switch (kind) {
    case kinds.beat:
      return { kind: 'beat', beat: readBeat(reader, version, last) };
    case kinds.prepare: {
      const [nonce, incarnation] = [reader.hex(16), reader.hex(16)];
      const requests = readRequests(reader, version);
      // The first supervisors of version 2 did not say it.
      if (!saysMore(reader, version)) return { kind: 'prepare', nonce, incarnation, requests };
      const lease = reader.u32();
      const owned = saysMore(reader, version) && { owned: reader.list(() => reader.text()) };
      return { kind: 'prepare', nonce, incarnation, requests, lease, ...owned };
    }
    case kinds.promise: {
      const [nonce, answers] = [reader.hex(16), readAnswers(reader)];
      const owners = saysMore(reader, version) && { owners: readOwnerWords(reader) };
      return { kind: 'promise', nonce, answers, ...owners };
    }
    case kinds.propose:
      return { kind: 'propose', nonce: reader.hex(16), ...readRenewal(reader, version, last) };
    case kinds.accept:
      return {
        kind: 'accept',
        nonce: reader.hex(16),
        answers: readAnswers(reader),
        beat: readBeat(reader, version, last),
      };
    case kinds.release: {
      const to = reader.text();
      const releases = reader.list(() => ({ group: reader.text(), ballot: readBallot(reader) }));
      return { kind: 'release', to: to === '' ? undefined : to, releases };
    }
    case kinds.offer:
      return { kind: 'offer', nonce: reader.hex(16), groups: reader.list(() => reader.text()) };
    case kinds.take:
      return { kind: 'take', nonce: reader.hex(16), groups: reader.list(() => reader.text()) };
    case kinds.voters:
      return { kind: 'voters', voters: reader.list(() => reader.text()) };
    case kinds.orders:
      return { kind: 'orders', orders: readOrders(reader) };
    case kinds.stepDown:
      return { kind: 'stepDown' };
    case kinds.changePrepare: {
      const [nonce, ballot] = [reader.hex(16), readBallot(reader)];
      return { kind: 'changePrepare', nonce, ballot, base: reader.list(() => reader.text()) };
    }
    case kinds.changePromise: {
      const verdict = { nonce: reader.hex(16), ...readVerdict(reader) };
      if (reader.u8() === 0) return { kind: 'changePromise', ...verdict };
      const accepted = { ballot: readBallot(reader), voters: reader.list(() => reader.text()) };
      return { kind: 'changePromise', ...verdict, accepted };
    }
    case kinds.changePropose: {
      const [nonce, ballot] = [reader.hex(16), readBallot(reader)];
      return { kind: 'changePropose', nonce, ballot, voters: reader.list(() => reader.text()) };
    }
    case kinds.changeAccept:
      return { kind: 'changeAccept', nonce: reader.hex(16), ...readVerdict(reader) };
    default:
      return undefined;
  }
}

/** Whether there is something behind what the first supervisors of version 2 said. */
function saysMore(reader: Reader, version: number): boolean {
  return version > 1 && reader.offset < reader.end;
}

function writeVerdict(writer: Writer, { ok, round }: { readonly ok: boolean; readonly round: number }): void {
  writer.u8(ok ? 1 : 0);
  writer.u48(round);
}

function readVerdict(reader: Reader): { ok: boolean; round: number } {
  return { ok: reader.u8() === 1, round: reader.u48() };
}

function writeTexts(writer: Writer, texts: readonly string[]): void {
  writer.u8(texts.length);
  for (const text of texts) writer.text(text);
}

function writeBallot(writer: Writer, ballot: Ballot): void {
  writer.u48(ballot.round);
  writer.text(ballot.node);
  writer.hex(ballot.incarnation, 16);
}

function readBallot(reader: Reader): Ballot {
  return { round: reader.u48(), node: reader.text(), incarnation: reader.hex(16) };
}

function writeRequests(writer: Writer, requests: readonly Request[], version: number): void {
  writer.u8(requests.length);
  for (const { group, round, released, addresses } of requests) {
    writer.text(group);
    writer.u48(round);
    writer.u8(released === undefined ? 0 : 1);
    if (released !== undefined) writeBallot(writer, released);
    if (version > 1) writeTexts(writer, addresses ?? []);
  }
}

function readRequests(reader: Reader, version: number): Request[] {
  return reader.list(() => {
    const group = reader.text();
    const round = reader.u48();
    const marked = reader.u8();
    if (marked > 1) reader.bad = true;
    const request = marked === 1 ? { group, round, released: readBallot(reader) } : { group, round };
    const addresses = version > 1 ? reader.list(() => reader.text()) : [];
    return addresses.length === 0 ? request : { ...request, addresses };
  });
}

function readRenewal(reader: Reader, version: number, last: LastSaid): Renewal {
  const start = reader.offset;
  const known = last.renewal.at(reader.buffer, start, reader.end, version);
  if (known !== undefined) {
    reader.offset = reader.end;
    return known;
  }
  const renewal = {
    incarnation: reader.hex(16),
    lease: reader.u32(),
    requests: readRequests(reader, version),
    beat: readBeat(reader, version, last),
  };
  remember(last.renewal, renewal, reader, start, version);
  return renewal;
}

/** What is left over behind it in version 1 makes the message malformed, and would do so again. */
function remember<T>(last: LastRead<T>, value: T, reader: Reader, start: number, version: number): void {
  if (reader.bad || (version === 1 && reader.offset !== reader.end)) return;
  last.remember(value, version, reader.buffer.subarray(start, reader.end));
}

const answerOk = 1;
const answerHeld = 2;

function writeAnswers(writer: Writer, answers: readonly Answer[]): void {
  writer.u8(answers.length);
  for (const { group, ok, round, holder, remaining } of answers) {
    writer.text(group);
    writer.u8((ok ? answerOk : 0) | (holder === undefined ? 0 : answerHeld));
    writer.u48(round);
    writer.u32(Math.ceil(remaining));
    if (holder !== undefined) writer.text(holder);
  }
}

function readAnswers(reader: Reader): Answer[] {
  return reader.list(() => {
    const group = reader.text();
    const flags = reader.u8();
    if (flags > (answerOk | answerHeld)) reader.bad = true;
    const answer = { group, ok: (flags & answerOk) !== 0, round: reader.u48(), remaining: reader.u32() };
    return (flags & answerHeld) === 0 ? answer : { ...answer, holder: reader.text() };
  });
}

const beatStandby = 1;
const beatQuorate = 2;
/** From version 2 on: what the sender reaches stands at the end. */
const beatReach = 4;
/** And behind that, which groups may run there, which it gives up, and which it is starting. */
const beatResources = 8;
/** Behind that, what is known of fencing. */
const beatFencing = 64;
/** And behind that a hash over the operators' orders that the sender knows. */
const beatOrders = 16;
/** Behind that, the nodes that its groups wait for. */
const beatWaitsFor = 32;
/** And behind that, what of the sender's configuration others have to know where theirs differ. */
const beatSettings = 128;

function writeBeat(writer: Writer, beat: Beat, version: number, last: WrittenBeat): void {
  const known = last.bytesOf(beat, version);
  if (known !== undefined) {
    writer.raw(known);
    return;
  }
  const start = writer.length;
  const reach = version === 1 ? undefined : beat.reach;
  const mayRun = version === 1 ? undefined : beat.mayRun;
  const { fenced = [], fenceMe = '' } = beat;
  const fencing = version > 1 && (fenced.length > 0 || fenceMe !== '');
  const orders = version === 1 ? undefined : beat.orders;
  const waitsFor = version === 1 ? undefined : beat.waitsFor;
  const settings = version > 1 && saysSettings(beat);
  const told =
    (reach === undefined ? 0 : beatReach) |
    (mayRun === undefined ? 0 : beatResources) |
    (fencing ? beatFencing : 0) |
    (orders === undefined ? 0 : beatOrders) |
    (waitsFor === undefined ? 0 : beatWaitsFor) |
    (settings ? beatSettings : 0);
  writer.u8((beat.standby ? beatStandby : 0) | (beat.quorate ? beatQuorate : 0) | told);
  writer.text(beat.configHash);
  writer.text(beat.bundleHash);
  const macs = Object.entries(beat.macs);
  writer.u8(macs.length);
  for (const [device, mac] of macs) {
    writer.text(device);
    writer.hex(mac.replaceAll(':', ''), 6);
  }
  writeTexts(writer, beat.holds);
  if (reach !== undefined) writer.u8(Math.min(reach, 255));
  if (mayRun !== undefined) {
    writeTexts(writer, mayRun);
    writeTexts(writer, beat.barred ?? []);
    writeTexts(writer, beat.starting ?? []);
  }
  if (fencing) writeFencing(writer, fenced, fenceMe);
  if (orders !== undefined) writer.u32(orders);
  if (waitsFor !== undefined) writeTexts(writer, waitsFor);
  if (settings) writeSettings(writer, beat);
  last.remember(beat, version, writer.buffer.subarray(start, writer.length));
}

/** A beat is the last of a message: where all that is left is what its sender said before, it says the same again. */
function readBeat(reader: Reader, version: number, last: LastSaid): Beat {
  const start = reader.offset;
  const known = last.beat.at(reader.buffer, start, reader.end, version);
  if (known !== undefined) {
    reader.offset = reader.end;
    return known;
  }
  const flags = reader.u8();
  if (version === 1 && flags > (beatStandby | beatQuorate)) reader.bad = true;
  const configHash = reader.text();
  const bundleHash = reader.text();
  const macs = Object.fromEntries(reader.list(() => [reader.text(), reader.hex(6).replace(/..(?!$)/g, '$&:')]));
  const holds = reader.list(() => reader.text());
  const reach = version > 1 && (flags & beatReach) !== 0 ? reader.u8() : undefined;
  const resources =
    version > 1 && (flags & beatResources) !== 0
      ? {
          mayRun: reader.list(() => reader.text()),
          barred: reader.list(() => reader.text()),
          starting: reader.list(() => reader.text()),
        }
      : {};
  const fencing = version > 1 && (flags & beatFencing) !== 0 ? readFencing(reader) : {};
  const orders = version > 1 && (flags & beatOrders) !== 0 ? reader.u32() : undefined;
  const waitsFor = version > 1 && (flags & beatWaitsFor) !== 0 ? reader.list(() => reader.text()) : undefined;
  const settings = version > 1 && (flags & beatSettings) !== 0 ? readSettings(reader) : {};
  const beat = {
    configHash,
    bundleHash,
    macs,
    standby: (flags & beatStandby) !== 0,
    quorate: (flags & beatQuorate) !== 0,
    holds,
    ...(reach === undefined ? {} : { reach }),
    ...resources,
    ...fencing,
    ...(orders === undefined ? {} : { orders }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...settings,
  };
  remember(last.beat, beat, reader, start, version);
  return beat;
}
