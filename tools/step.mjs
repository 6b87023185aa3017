// One step of the setup: says what it does, shows that it is still alive, and keeps the output for when it fails.
import { spawn } from 'node:child_process';

const terminal = process.stdout.isTTY === true;

/** Runs a program quietly; rejects with its last lines where it fails. Prints `<title> ... 12 s` when done. */
export function runStep(title, command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const seconds = () => Math.round((Date.now() - started) / 1000);
    if (!terminal) console.log(`${title} ...`);
    const timer = setInterval(() => {
      if (terminal) process.stdout.write(`\r${title} ... ${seconds()} s`);
      else if (seconds() % 15 === 0) console.log(`${title} ... ${seconds()} s`);
    }, 1000);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (error) => {
      clearInterval(timer);
      if (terminal)
        process.stdout.write(`\r${title} ... ${error === undefined ? 'done' : 'failed'} (${seconds()} s)\n`);
      else console.log(`${title}: ${error === undefined ? 'done' : 'failed'} (${seconds()} s)`);
      if (error === undefined) resolve(output);
      else reject(error);
    };
    child.on('error', (error) => end(new Error(`Cannot run "${command}" as it must be installed: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return end(undefined);
      const tail = output.trim().split('\n').slice(-15).join('\n');
      end(new Error(`Cannot finish "${title}" as ${command} ended with ${signal ?? `exit code ${code}`}:\n${tail}`));
    });
  });
}
