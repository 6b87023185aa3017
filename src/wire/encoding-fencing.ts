import type { Fenced, OwnerWord } from '../core/message.ts';
import type { Reader, Writer } from './bytes.ts';

const wordKnown = 1;
const wordRecord = 2;
const wordOver = 4;
const wordClean = 8;
const wordRuns = 16;

/** What a voter says of owners, behind its promise: each a group, what there is, and the ballot on record where there is one. */
export function writeOwnerWords(writer: Writer, words: readonly OwnerWord[]): void {
  writer.u8(words.length);
  for (const { group, known, record, clean, runs } of words) {
    writer.text(group);
    writer.u8(
      (known ? wordKnown : 0) |
        (record === undefined ? 0 : wordRecord) |
        (record?.over === true ? wordOver : 0) |
        (clean ? wordClean : 0) |
        (runs ? wordRuns : 0),
    );
    if (record === undefined) continue;
    writer.u48(record.ballot.round);
    writer.text(record.ballot.node);
    writer.hex(record.ballot.incarnation, 16);
  }
}

export function readOwnerWords(reader: Reader): OwnerWord[] {
  return reader.list(() => {
    const group = reader.text();
    const flags = reader.u8();
    const word = {
      group,
      known: (flags & wordKnown) !== 0,
      clean: (flags & wordClean) !== 0,
      runs: (flags & wordRuns) !== 0,
    };
    if ((flags & wordRecord) === 0) return word;
    const ballot = { round: reader.u48(), node: reader.text(), incarnation: reader.hex(16) };
    return { ...word, record: { ballot, over: (flags & wordOver) !== 0 } };
  });
}

/** Nodes that are known to be fenced, and why the sender wants to be fenced itself ('': it does not); at the end of a beat. */
export function writeFencing(writer: Writer, fenced: readonly Fenced[], fenceMe: string): void {
  writer.u8(fenced.length);
  for (const { node, incarnation } of fenced) {
    writer.text(node);
    writer.hex(incarnation.padStart(32, '0'), 16);
  }
  writer.text(fenceMe);
}

export function readFencing(reader: Reader): { fenced?: readonly Fenced[]; fenceMe?: string } {
  const fenced = reader.list(() => ({ node: reader.text(), incarnation: reader.hex(16) }));
  const fenceMe = reader.text();
  return { ...(fenced.length > 0 && { fenced }), ...(fenceMe !== '' && { fenceMe }) };
}
