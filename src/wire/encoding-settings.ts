import type { Beat } from '../core/message.ts';
import type { Reader, Writer } from './bytes.ts';

type Settings = Pick<Beat, 'needs' | 'wants' | 'drift'>;

const settingsNeeds = 1;
const settingsWants = 2;
const settingsDrift = 4;

export function saysSettings({ needs, wants, drift }: Settings): boolean {
  return needs !== undefined || wants !== undefined || drift !== undefined;
}

/** What of a configuration others have to know where theirs differ, at the end of a beat: flags, then what they say is there. */
export function writeSettings(writer: Writer, { needs, wants, drift }: Settings): void {
  writer.u8(
    (needs === undefined ? 0 : settingsNeeds) |
      (wants === undefined ? 0 : settingsWants) |
      (drift === undefined ? 0 : settingsDrift),
  );
  if (needs !== undefined) {
    writer.u8(needs.length);
    for (const group of needs) writer.text(group);
  }
  if (wants !== undefined) writer.u32(wants);
  if (drift !== undefined) writer.u32(drift);
}

export function readSettings(reader: Reader): Settings {
  const flags = reader.u8();
  return {
    ...((flags & settingsNeeds) !== 0 && { needs: reader.list(() => reader.text()) }),
    ...((flags & settingsWants) !== 0 && { wants: reader.u32() }),
    ...((flags & settingsDrift) !== 0 && { drift: reader.u32() }),
  };
}
