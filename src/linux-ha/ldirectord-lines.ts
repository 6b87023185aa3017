import { nearest } from '../base/nearest.ts';
import { type MistakeList, rawLines } from './lines.ts';

/** `key = value` with the columns of both; quotes around the value are gone. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly line: number;
  readonly keyColumn: number;
  readonly column: number;
}

/** A `virtual=` line and the indented ones below it. */
export interface Section {
  readonly head: Setting;
  readonly settings: readonly Setting[];
}

/** Directives of ldirectord's manual that may stand outside of a virtual, and what the second kind means to us. */
const globals = [
  ...['checktimeout', 'negotiatetimeout', 'checkinterval', 'failurecount', 'fallback', 'quiescent'],
  ...['checkcount', 'fallbackcommand', 'autoreload', 'callback', 'logfile', 'emailalert', 'emailalertfrom'],
  ...['emailalertfreq', 'emailalertstatus', 'smtp', 'execute', 'supervised', 'fork', 'readdquiescent', 'cleanstop'],
  ...['maintenancedir', 'monitorfile', 'emailalertsmtp'],
];

const locals = [
  ...['real', 'checktype', 'service', 'checkcommand', 'checkport', 'request', 'receive', 'virtualhost', 'scheduler'],
  ...['persistent', 'protocol', 'checktimeout', 'negotiatetimeout', 'checkinterval', 'failurecount', 'fallback'],
  ...['quiescent', 'netmask', 'httpmethod', 'login', 'passwd', 'database', 'secret', 'load', 'ops', 'checkcount'],
  ...['monitorfile', 'fallbackcommand', 'emailalert', 'emailalertfrom', 'emailalertfreq', 'emailalertstatus', 'smtp'],
  ...['cleanstop', 'readdquiescent', 'schedulerflags', 'maintenancedir'],
];

function readSetting(raw: string, line: number): Setting | undefined {
  const match = /^(\s*)([A-Za-z0-9]+)(\s*=\s*)(.*)$/.exec(raw);
  if (match === null) return undefined;
  const [, blank, key, equals, rest] = match as unknown as [string, string, string, string, string];
  // Quotes reach to the last one of the line, as ldirectord's own pattern does: a pattern may have quotes inside.
  const quoted = /^"(.*)"\s*(#.*)?$/.exec(rest) ?? /^'(.*)'\s*(#.*)?$/.exec(rest);
  const value = quoted !== null ? quoted[1]! : rest.replace(/\s#.*$/, '').trim();
  const column = blank.length + key.length + equals.length + 1;
  return { key: key.toLowerCase(), value, line, keyColumn: blank.length + 1, column };
}

interface Draft {
  readonly globals: Setting[];
  readonly sections: { readonly head: Setting; readonly settings: Setting[] }[];
}

/** Adds why a directive is not known where it stands. */
function refuse(setting: Setting, indented: boolean, list: MistakeList): void {
  const [known, others] = indented ? [locals, globals] : [globals, locals];
  const elsewhere = others.includes(setting.key);
  const guess = nearest(setting.key, [...known, 'virtual']);
  const seen = elsewhere ? `it stands ${indented ? 'inside' : 'outside'} of a virtual service` : 'it is not known';
  const fix = elsewhere && !indented ? 'indent it by a tab or four blanks' : guess && `did you mean "${guess}"?`;
  const at = { line: setting.line, column: setting.keyColumn };
  list.add(at, `Cannot read "${setting.key}" as a directive of ldirectord.cf here: ${seen}`, fix);
}

function place(setting: Setting, indented: boolean, draft: Draft, list: MistakeList): void {
  const at = { line: setting.line, column: setting.keyColumn };
  const section = draft.sections.at(-1);
  if (setting.key === 'virtual' || setting.key === 'virtual6') {
    if (indented) list.add(at, 'Cannot read "virtual" as it must stand at the beginning of its line: it is indented');
    draft.sections.push({ head: setting, settings: [] });
  } else if (!(indented ? locals : globals).includes(setting.key)) {
    refuse(setting, indented, list);
  } else if (!indented) {
    draft.globals.push(setting);
  } else if (section === undefined) {
    list.add(at, `Cannot read "${setting.key}" as a "virtual=" line must come before: there is none`);
  } else {
    section.settings.push(setting);
  }
}

/** ldirectord.cf as settings: those for all services, and one section a virtual. Mistakes go into `list`. */
export function readSections(text: string, list: MistakeList): { globals: Setting[]; sections: Section[] } {
  const draft: Draft = { globals: [], sections: [] };
  for (const [index, raw] of rawLines(text).entries()) {
    if (/^\s*(#.*)?$/.test(raw)) continue;
    const setting = readSetting(raw, index + 1);
    if (setting !== undefined) {
      place(setting, /^\s/.test(raw), draft, list);
      continue;
    }
    const column = raw.length - raw.trimStart().length + 1;
    list.add({ line: index + 1, column }, `Cannot read this line as "key = value": "${raw.trim()}"`);
  }
  return draft;
}
