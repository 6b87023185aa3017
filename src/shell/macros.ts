import { nearest } from '../base/nearest.ts';
import { own } from '../base/own.ts';
import type { Value, Variables } from '../model/inventory.ts';

/** What the macros mean for one host. */
export interface MacroHost {
  readonly name: string;
  readonly user: string;
  /** Its place among the panes, from 1. */
  readonly number: number;
  readonly variables: Variables;
}

/** A macro that cannot be filled in; the message is for people. */
export class MacroError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/**
 * Fills in `%h` (the host's name), `%u` (who is logged in), `%n` (its number), `%{name}` (a variable of the inventory, also
 * `%{disk.size}`) and `%%`. It is typed as it stands: unlike `muster run --template` nothing is quoted, as nobody knows what
 * program reads it. Throws `MacroError` for a variable that the host has not, and for control characters in one, which
 * would be keys of their own.
 */
export function fillMacros(text: string, host: MacroHost): string {
  return text.replace(/%(?:([hun%])|\{([^{}]*)\})/g, (_all, letter: string | undefined, path: string | undefined) => {
    switch (letter) {
      case '%':
        return '%';
      case 'h':
        return host.name;
      case 'u':
        return host.user;
      case 'n':
        return String(host.number);
      default:
        return word(host, (path ?? '').trim());
    }
  });
}

function word(host: MacroHost, path: string): string {
  let value: Value = host.variables as Value;
  for (const part of path.split('.')) {
    const holder: unknown = value;
    const record = typeof holder === 'object' && holder !== null ? (holder as Record<string, Value>) : {};
    const next = own(record, part);
    if (next === undefined) {
      const near = nearest(part, Object.keys(record));
      throw new MacroError(`${host.name} has no variable "${path}"`, near && `did you mean "${near}"?`);
    }
    value = next;
  }
  if (typeof value === 'object' && value !== null) throw new MacroError(`"${path}" of ${host.name} is no single value`);
  const text = value === null ? '' : String(value);
  if (/\p{Cc}/u.test(text)) throw new MacroError(`"${path}" of ${host.name} holds control characters`);
  return text;
}
