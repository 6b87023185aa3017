import type { AlertEvent } from '../model/alerts.ts';

/** One target of alerts as a node sees it: the node counts what it told itself. */
export interface AlertTargetStatus {
  readonly name: string;
  /** `mail ops@example.org`, without what may be secret in it. */
  readonly way: string;
  readonly events: readonly AlertEvent[];
  readonly sent: number;
  readonly failed: number;
  readonly waiting: number;
  /** Empty where none failed yet. */
  readonly lastFailure: string;
}

/** One line for people. */
export function showAlertTarget({ name, way, events, sent, failed, waiting, lastFailure }: AlertTargetStatus): string {
  const trouble = failed === 0 ? '' : `, ${failed} FAILED, the last as ${lastFailure}`;
  const more = waiting === 0 ? '' : `, ${waiting} waiting`;
  return `${name} (${way}): ${sent} told${more}${trouble}; told of ${events.join(', ') || 'nothing'}`;
}
