import { createInterface } from 'node:readline';

/** Answers each JSON line on standard input by one on standard output, in order; ends where the input ends. */
export function answerLines<Request>(
  answer: (request: Request) => Promise<unknown> | unknown,
  atEnd: () => Promise<void>,
): void {
  let last = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    last = last.then(async () => {
      const answered = await answer(JSON.parse(line));
      process.stdout.write(`${JSON.stringify({ answer: answered ?? null })}\n`);
    });
  });
  lines.on('close', () => void last.then(atEnd).then(() => process.exit(0)));
}
