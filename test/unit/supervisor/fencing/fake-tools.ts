import type { FenceTools } from '../../../../src/supervisor/fencing/way.ts';

export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The lines of its standard input. */
  readonly input: readonly string[];
}

type End = Awaited<ReturnType<FenceTools['run']>>;

export const ended = (code: number | undefined, output = ''): End => ({ code, timedOut: false, output });
export const late: End = { code: undefined, timedOut: true, output: '' };

/** What an agent of fence-agents says of itself. */
export function metadata(...actions: readonly string[]): End {
  return ended(
    0,
    `<actions>\n${actions.map((name) => `<action name="${name}" automatic="0"/>`).join('\n')}\n</actions>\n`,
  );
}

/** Tools that run nothing: `answer` says how each program ends; sleeping and late programs let time pass. */
export function fakeTools(answer: (call: Call) => End | Promise<End>): { tools: FenceTools; calls: Call[] } {
  let now = 0;
  const calls: Call[] = [];
  const tools: FenceTools = {
    run: async ({ program, args, environment, input = '' }, { timeout }) => {
      const call = { program, args, environment, input: input.split('\n').filter((line) => line !== '') };
      calls.push(call);
      const end = await answer(call);
      now += end.timedOut ? timeout : 10;
      return end;
    },
    find: (name) => (name === 'fence_missing' ? undefined : `/usr/sbin/${name}`),
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
  return { tools, calls };
}

/** The action that an agent of fence-agents was asked for. */
export function actionOf({ input }: Call): string {
  return input.find((line) => line.startsWith('action='))?.slice('action='.length) ?? '';
}
