import { Listr } from 'listr2';

/** What a task says while it works. */
export interface Teller {
  /** The latest line beside the task. */
  say(line: string): void;
  /** A better title, once the task knows what it does. */
  title(text: string): void;
}

export interface Task {
  readonly title: string;
  readonly work: (tell: Teller) => Promise<void>;
}

/** Runs tasks one after another, as a live list on a terminal and as plain lines elsewhere. Stops at the first failure. */
export async function runTasks(tasks: readonly Task[]): Promise<void> {
  if (!process.stdout.isTTY) {
    for (const { title, work } of tasks) {
      const print = (line: string): void => {
        process.stdout.write(`${line}\n`);
      };
      print(title);
      await work({ say: (line) => print(`  ${line}`), title: (text) => print(`  ${text}`) });
    }
    return;
  }
  const list = new Listr(
    tasks.map(({ title, work }) => ({
      title,
      task: (_, task) =>
        work({
          say: (line) => {
            task.output = line;
          },
          title: (text) => {
            task.title = text;
          },
        }),
      rendererOptions: { persistentOutput: true },
    })),
    // Ctrl-C is the caller's: listr2 would end the process before anything is undone.
    { registerSignalListeners: false },
  );
  await list.run();
}
