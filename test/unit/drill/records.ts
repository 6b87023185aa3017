import type { JudgeSettings, StepRecord } from '../../../src/drill/judge.ts';
import { collect, type Observation, type Observations } from '../../../src/drill/observation.ts';

export const nodes = ['node1', 'node2', 'node3'];
export const macOf = (node: string): string => `02:00:00:00:00:0${node.slice(-1)}`;
export const settings: JudgeSettings = {
  boundMs: 500,
  datagramIntervalMs: 5,
  requestIntervalMs: 5,
  witnessIntervalMs: 10,
  nodeOfMac: Object.fromEntries(nodes.map((node) => [macOf(node), node])),
};

/** node1's plug is pulled at 1000 ms and put back at 3000 ms. */
export const plugPull: StepRecord = {
  scenario: 'plug-pull',
  node: 'node1',
  undisturbed: false,
  holderBefore: 'node1',
  holderAfter: 'node2',
  startMs: 0,
  injectedMs: 1000,
  healedMs: 3000,
  endMs: 5000,
  stillWrong: [],
};

/**
 * What the probes see of a step of 5 s in which node1 answers until `silentMs` and node2 from `takenOverMs` on; clients
 * learn it 5 ms later, by the announcement.
 */
export function observed(silentMs: number, takenOverMs: number): Observations {
  const seen: Observation[] = [];
  for (let atMs = 0; atMs < 5000; atMs += 5) {
    const by = atMs < silentMs ? 'node1' : atMs >= takenOverMs + 5 ? 'node2' : null;
    const sequence = atMs / 5 + 1;
    seen.push({ kind: 'datagram', sequence, sentMs: atMs, answeredMs: by === null ? null : atMs + 0.2, by });
    const result = by === null ? 'timed out' : '200';
    seen.push({ kind: 'http', sequence, startMs: atMs, endMs: atMs + 2, ok: by !== null, by, result });
    if (atMs % 10 !== 0) continue;
    for (const what of ['echo', 'arp'] as const) {
      const answer = { kind: 'witness', what, round: atMs / 10, sentMs: atMs, answeredMs: atMs + 0.1 } as const;
      if (atMs < silentMs) seen.push({ ...answer, mac: macOf('node1') });
      if (atMs >= takenOverMs) seen.push({ ...answer, mac: macOf('node2') });
    }
  }
  seen.push({ kind: 'announcement', seenMs: takenOverMs + 4, mac: macOf('node2') });
  return collect(seen);
}
