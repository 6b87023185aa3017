/** Why a group is where it is: the placement with its reasons, and the last moves. Pure. */
import type { Verdict } from '../core/verdicts.ts';
import { type JournalLine, linesAbout, showJournalLine } from './journal.ts';
import { showGroup } from './show-status.ts';
import type { GroupStatus, Status } from './status.ts';

/** How many of the last lines of the journal are shown. */
const lastLines = 10;

/** `verdicts` as a list; the holder and who is next in line are marked. */
export function showVerdicts(verdicts: readonly Verdict[], holder: string | null): string[] {
  const width = Math.max(0, ...verdicts.map(({ node }) => node.length));
  // The core ranks a holder last, for the day when it loses its lease; while it has it, it stands first.
  const ordered = [...verdicts].sort((left, right) => Number(right.node === holder) - Number(left.node === holder));
  return ordered.map(({ node, able, place, why }) => {
    const word =
      node === holder ? 'holds it' : able ? (holder === null && place === 1 ? 'is next' : 'may hold it') : 'may NOT';
    return `  * ${node.padEnd(width)}  ${word.padEnd(11)}  ${why}`;
  });
}

/** What decides which node comes first. */
export function placedBy(preferred: string, verdicts: readonly Verdict[]): string {
  return verdicts.some(({ score }) => score !== undefined)
    ? 'by the rules of muster.yml'
    : `its preferred node is ${preferred}, then the order of ha.cf`;
}

/** `musterd explain`: one group as this status knows it. `now` is Unix milliseconds. */
export function showExplanation(
  status: Status,
  group: GroupStatus,
  journal: readonly JournalLine[],
  now: number,
): string {
  const { quorum } = status;
  const lately = linesAbout(group.name, journal)
    .slice(-lastLines)
    .map((line) => `  * ${showJournalLine(line)}`);
  return [
    ...showGroup(group, now),
    `Quorum: ${quorum.votes} of ${quorum.voters.length} voters heard, ${quorum.needed} needed: ${quorum.quorate ? 'quorate' : 'NOT quorate'}`,
    `Placement: ${placedBy(group.preferred, group.candidates ?? [])}:`,
    ...showVerdicts(group.candidates ?? [], group.holder),
    ...(lately.length === 0 ? [] : ['Lately:', ...lately]),
  ].join('\n');
}
