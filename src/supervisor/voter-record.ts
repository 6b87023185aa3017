import { join } from 'node:path';
import type { VoterRecord } from '../core/epoch-state.ts';
import { TwoSlotFile } from './two-slot-file.ts';

/** What a node has recorded of its cluster's voters. */
export class VoterRecordFile extends TwoSlotFile<VoterRecord> {
  /** Throws a Problem where a record is there and cannot be read: to guess who votes could be to let two majorities be. */
  constructor(stateDir: string) {
    super({
      file: join(stateDir, 'voters'),
      slotBytes: 8192,
      about: 'it says who votes',
      hint: 'put the file of another node in its place (they are the same), then start musterd',
    });
  }
}
