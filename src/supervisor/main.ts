import { exitCodes, Problem } from '../base/problem.ts';
import { main } from './cli.ts';

declare const MUSTER_VERSION: string | undefined;

const version = typeof MUSTER_VERSION === 'string' ? MUSTER_VERSION : '0.0.0-source';

// Should there ever be nothing left to wait for before the command is done, it has not succeeded.
process.exitCode = exitCodes.defect;

main(process.argv.slice(2), { version, file: process.argv[1]! }).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof Problem) {
      process.stderr.write(`${error.message}\n${error.hint === undefined ? '' : `  hint: ${error.hint}\n`}`);
      process.exit(exitCodes[error.reason]);
    }
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(exitCodes.defect);
  },
);
