import { foldHosts } from '../base/host-range.ts';

/** What one host said, as far as people want to see it. */
export interface HostOutput {
  readonly host: string;
  readonly rc: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface FoldedOutput extends HostOutput {
  readonly hosts: readonly string[];
}

/** Hosts with the same output, error output and end together; the biggest group first, else in the given order. */
export function foldOutputs(outputs: readonly HostOutput[]): FoldedOutput[] {
  const groups = new Map<string, { hosts: string[]; output: HostOutput }>();
  for (const output of outputs) {
    const end = `${output.rc} ${output.signal} ${output.timedOut} ${output.stdout.length}\n`;
    const key = Buffer.concat([Buffer.from(end), output.stdout, output.stderr]).toString('latin1');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { hosts: [output.host], output });
    else group.hosts.push(output.host);
  }
  return [...groups.values()]
    .map(({ hosts, output }) => ({ ...output, hosts }))
    .sort((left, right) => right.hosts.length - left.hosts.length);
}

/** `node[1-3] (3), exit code 2`: the line above an output. */
export function outputTitle({ hosts, rc, signal, timedOut }: FoldedOutput): string {
  const end = timedOut ? ', timed out' : signal !== null ? `, ${signal}` : rc === 0 ? '' : `, exit code ${rc}`;
  return `${foldHosts(hosts)} (${hosts.length})${end}`;
}
