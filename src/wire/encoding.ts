import type { Answer, Ballot, Beat, Message, Request } from '../core/message.ts';
import type { Reader, Writer } from './bytes.ts';

/** The first byte of a body; numbers are never reused. */
const kinds = { beat: 1, prepare: 2, promise: 3, propose: 4, accept: 5, release: 6, offer: 7, take: 8 } as const;

/** Appends the body of a message: its kind, then its fields in the order of their declaration. */
export function writeMessage(writer: Writer, message: Message): void {
  writer.u8(kinds[message.kind]);
  switch (message.kind) {
    case 'beat':
      writeBeat(writer, message.beat);
      return;
    case 'prepare':
      writer.hex(message.nonce, 16);
      writer.hex(message.incarnation, 16);
      writeRequests(writer, message.requests);
      return;
    case 'promise':
      writer.hex(message.nonce, 16);
      writeAnswers(writer, message.answers);
      return;
    case 'propose':
      writer.hex(message.nonce, 16);
      writer.hex(message.incarnation, 16);
      writer.u32(message.lease);
      writeRequests(writer, message.requests);
      writeBeat(writer, message.beat);
      return;
    case 'accept':
      writer.hex(message.nonce, 16);
      writeAnswers(writer, message.answers);
      writeBeat(writer, message.beat);
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
  }
}

/** The message in a body that ends where the reader ends; undefined where anything is missing, unknown or left over. */
export function readMessage(reader: Reader): Message | undefined {
  const message = readBody(reader);
  return reader.bad || reader.offset !== reader.end ? undefined : message;
}

function readBody(reader: Reader): Message | undefined {
  switch (reader.u8()) {
    case kinds.beat:
      return { kind: 'beat', beat: readBeat(reader) };
    case kinds.prepare:
      return { kind: 'prepare', nonce: reader.hex(16), incarnation: reader.hex(16), requests: readRequests(reader) };
    case kinds.promise:
      return { kind: 'promise', nonce: reader.hex(16), answers: readAnswers(reader) };
    case kinds.propose:
      return {
        kind: 'propose',
        nonce: reader.hex(16),
        incarnation: reader.hex(16),
        lease: reader.u32(),
        requests: readRequests(reader),
        beat: readBeat(reader),
      };
    case kinds.accept:
      return { kind: 'accept', nonce: reader.hex(16), answers: readAnswers(reader), beat: readBeat(reader) };
    case kinds.release: {
      const to = reader.text();
      const releases = reader.list(() => ({ group: reader.text(), ballot: readBallot(reader) }));
      return { kind: 'release', to: to === '' ? undefined : to, releases };
    }
    case kinds.offer:
      return { kind: 'offer', nonce: reader.hex(16), groups: reader.list(() => reader.text()) };
    case kinds.take:
      return { kind: 'take', nonce: reader.hex(16), groups: reader.list(() => reader.text()) };
    default:
      return undefined;
  }
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

function writeRequests(writer: Writer, requests: readonly Request[]): void {
  writer.u8(requests.length);
  for (const { group, round, released } of requests) {
    writer.text(group);
    writer.u48(round);
    writer.u8(released === undefined ? 0 : 1);
    if (released !== undefined) writeBallot(writer, released);
  }
}

function readRequests(reader: Reader): Request[] {
  return reader.list(() => {
    const group = reader.text();
    const round = reader.u48();
    const marked = reader.u8();
    if (marked > 1) reader.bad = true;
    return marked === 1 ? { group, round, released: readBallot(reader) } : { group, round };
  });
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

function writeBeat(writer: Writer, beat: Beat): void {
  writer.u8((beat.standby ? beatStandby : 0) | (beat.quorate ? beatQuorate : 0));
  writer.text(beat.configHash);
  writer.text(beat.bundleHash);
  const macs = Object.entries(beat.macs);
  writer.u8(macs.length);
  for (const [device, mac] of macs) {
    writer.text(device);
    writer.hex(mac.replaceAll(':', ''), 6);
  }
  writeTexts(writer, beat.holds);
}

function readBeat(reader: Reader): Beat {
  const flags = reader.u8();
  if (flags > (beatStandby | beatQuorate)) reader.bad = true;
  const configHash = reader.text();
  const bundleHash = reader.text();
  const macs = Object.fromEntries(reader.list(() => [reader.text(), reader.hex(6).replace(/..(?!$)/g, '$&:')]));
  const holds = reader.list(() => reader.text());
  return {
    configHash,
    bundleHash,
    macs,
    standby: (flags & beatStandby) !== 0,
    quorate: (flags & beatQuorate) !== 0,
    holds,
  };
}
