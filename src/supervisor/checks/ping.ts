import type { CheckResult, CheckTarget } from './checker.ts';
import { checkByProgram } from './program.ts';

/** One ICMP echo through the system's `ping`, which may open raw sockets; Node cannot. */
export async function checkPing({ service, server }: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  const seconds = Math.max(1, Math.ceil(service.check.timeout / 1000));
  const args = ['-n', '-q', '-c', '1', '-W', String(seconds), server.address];
  const result = await checkByProgram('ping', args, {}, signal);
  if (result.ok || result.text.startsWith('ping:')) return result;
  return { ok: false, text: result.text.startsWith('exit code 1') ? 'no echo' : result.text };
}
