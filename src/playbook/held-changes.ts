import type { Value } from '../model/inventory.ts';
import { type FactRequest, factId } from './facts/fact.ts';
import type { Decision, Step } from './module.ts';

export type Change = Extract<Decision, { readonly outcome: 'changed' }>;

/** Whether a fact may be another one after the change. */
export function touchesFact(change: Change, id: string): boolean {
  if (change.touches === 'anything') return true;
  return change.touches.some((pattern) =>
    pattern.endsWith(':*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern,
  );
}

export function anyTouches(changes: readonly Change[], request: FactRequest): boolean {
  const id = factId(request);
  return changes.some((change) => touchesFact(change, id));
}

export function uniqueFacts(requests: readonly FactRequest[]): readonly FactRequest[] {
  return [...new Map(requests.map((request) => [factId(request), request])).values()];
}

/**
 * All steps of several changes in order, and for each change which of them are its own. Package transactions that stand
 * beside each other become one: each costs seconds, whatever is in it.
 */
export function mergeSteps(changes: readonly Change[]): {
  readonly steps: readonly Step[];
  readonly indices: readonly (readonly number[])[];
} {
  const steps: Step[] = [];
  const indices = changes.map((change) =>
    change.steps.map((step) => {
      const before = steps.at(-1);
      if (step.kind === 'packages' && before?.kind === 'packages') {
        const install = [...new Set([...before.install, ...step.install])];
        const remove = [...new Set([...before.remove, ...step.remove])];
        steps[steps.length - 1] = { kind: 'packages', install, remove };
      } else {
        steps.push(step);
      }
      return steps.length - 1;
    }),
  );
  return { steps, indices };
}

/** What a shell said about a failure, cut to its end, with the cause that people ask about most in plain words. */
export function explainOutput(said: string): string {
  const lines = said.split('\n');
  const text = lines.length > 12 ? ['...', ...lines.slice(-12)].join('\n') : said;
  return /No space left on device/.test(said) ? `the disk of the node is full: ${text}` : text;
}

/** What `register` and the conditions of a task see: the module's own result, and whether it changed something or failed. */
export function resultOf(
  value: Value | undefined,
  more: { readonly changed: boolean; readonly failed: boolean },
): Value {
  const own = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  return { ...own, ...more };
}
