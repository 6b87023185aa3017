import { shellQuote } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

export interface ProgramFact {
  readonly rc: number;
  readonly stdout: string;
}

/** What a program prints that only looks and changes nothing; the key is its shell text. Trailing newlines are dropped. */
export const programFact: FactKind<ProgramFact> = {
  name: 'program',
  volatile: true,
  script: (programs) =>
    programs
      .map((program) => `o=$(sh -c ${shellQuote(program)} </dev/null 2>&1); printf '%s %s\\0' "$?" "$o"`)
      .join('\n'),
  parse: (output, programs) => {
    const fields = output.toString('utf8').split('\0');
    return new Map(
      programs.map((program, index) => {
        const [, rc, stdout] = /^(\d+) (.*)$/s.exec(fields[index] ?? '') ?? [];
        return [program, { rc: Number(rc ?? 255), stdout: stdout ?? '' }];
      }),
    );
  },
};
