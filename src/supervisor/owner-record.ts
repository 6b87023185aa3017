import { join } from 'node:path';
import type { OwnerRecords } from '../core/fencing/owner-record.ts';
import { TwoSlotFile } from './two-slot-file.ts';

/** Room for the owners of 255 groups with long names. */
const slotBytes = 128 * 1024;

/** What a voter has recorded of who has the groups that need fencing. */
export class OwnerRecordFile extends TwoSlotFile<OwnerRecords> {
  /** Throws a Problem where a record is there and cannot be read: to guess could be to run a group twice. */
  constructor(stateDir: string) {
    super({
      file: join(stateDir, 'owners'),
      slotBytes,
      about: 'it says who had the groups that need fencing',
      hint: 'remove it and start musterd: such groups then start once every other node runs nothing of them, or is fenced',
    });
  }
}
