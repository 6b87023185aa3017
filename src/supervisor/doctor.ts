import { exitCodes, Problem } from '../base/problem.ts';
import { readConfiguration } from '../linux-ha/cluster.ts';
import { kernelProbe, readKernelProbe } from '../wire/kernel-probe.ts';
import { diagnose, namedDevices } from '../wire/kernel-verdict.ts';
import { showDiagnosis } from '../wire/show-diagnosis.ts';
import { runProgram } from './drivers/nft.ts';

/**
 * `musterd doctor`: what this node's kernel can do for the cluster in `configDir`, tried in a network namespace that ends
 * with the trial. Resolves to what to print and to the exit code: 2 where something is unprotected or cannot run.
 */
export async function examine(configDir: string, json: boolean): Promise<{ text: string; code: number }> {
  const { cluster } = readConfiguration(configDir);
  const { stdout, stderr } = await runProgram('sh', ['-c', kernelProbe(namedDevices(cluster))], '', 20_000);
  if (stdout === '') {
    const seen = stderr.trim() || 'it said nothing';
    throw new Problem('hostFailed', `Cannot examine this node as its shell must run the trial: ${seen}`);
  }
  const facts = readKernelProbe(stdout);
  const diagnosis = diagnose(facts, cluster);
  const ill = diagnosis.findings.some(({ level }) => level === 'problem');
  const text = json ? JSON.stringify({ ...diagnosis, facts }, null, 2) : showDiagnosis(facts, diagnosis).join('\n');
  return { text, code: ill ? exitCodes.hostFailed : exitCodes.ok };
}
