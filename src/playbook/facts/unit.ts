import { systemctlAnywhere } from '../init-scripts.ts';
import { shellWords } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

export interface UnitFact {
  /** False where systemd knows no unit of this name. */
  readonly exists: boolean;
  /** `active`, `inactive`, `failed`, `activating`, ... */
  readonly active: string;
  /** `enabled`, `disabled`, `static`, `masked`, ... */
  readonly enabled: string;
  /** The unit's file is newer than what systemd has loaded. */
  readonly needsReload: boolean;
  readonly mainPid: number;
  /** Unix seconds at which the main process was started; 0: never. */
  readonly startedAt: number;
}

/** `apache2` and `apache2.service` are the same unit. */
export function unitName(name: string): string {
  return /\.(service|socket|timer|target|mount|path|slice|scope)$/.test(name) ? name : `${name}.service`;
}

const properties = 'Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,MainPID,ExecMainStartTimestamp';

/** All units in one `systemctl show`, or out of their init scripts. */
export const unitFact: FactKind<UnitFact> = {
  name: 'unit',
  script: (units) =>
    `${systemctlAnywhere}LC_ALL=C TZ=UTC systemctl show --timestamp=unix --property=${properties} -- ${shellWords(units)} 2>/dev/null; true`,
  parse: (output, units) => {
    const blocks = output.toString('utf8').trim().split(/\n\n/);
    return new Map(units.map((unit, index) => [unit, readBlock(blocks[index] ?? '')]));
  },
};

function readBlock(block: string): UnitFact {
  const lines = block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const values: Record<string, string | undefined> = Object.fromEntries(lines);
  return {
    exists: values.LoadState !== undefined && values.LoadState !== 'not-found',
    active: values.ActiveState ?? 'inactive',
    enabled: values.LoadState === 'masked' ? 'masked' : (values.UnitFileState ?? ''),
    needsReload: values.NeedDaemonReload === 'yes',
    mainPid: Number(values.MainPID ?? 0),
    startedAt: Number(/^@(\d+)/.exec(values.ExecMainStartTimestamp ?? '')?.[1] ?? 0),
  };
}
