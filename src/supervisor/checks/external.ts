import type { CheckResult, CheckTarget } from './checker.ts';
import { checkByProgram } from './program.ts';

/**
 * A program of the operator's, called as ldirectord calls it: `COMMAND VIP VPORT RIP RPORT`, exit code 0 means alive.
 * (ldirectord(8), `checkcommand`.)
 */
export async function checkExternal({ service, server }: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  const { command } = service.check;
  if (command === undefined) return { ok: false, text: 'no checkcommand is configured' };
  // The command may carry arguments of its own.
  const [program, ...own] = command.trim().split(/\s+/);
  const args = [...own, service.address, String(service.port), server.address, String(server.port)];
  return checkByProgram(program ?? '', args, {}, signal);
}
