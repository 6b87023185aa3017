import { connect } from 'node:net';
import { Problem } from '../base/problem.ts';
import type { ControlAnswer, ControlRequest } from '../wire/control.ts';

/** Asks the musterd behind a control socket; throws a Problem where none answers within `patience` milliseconds. */
export function askMusterd(path: string, request: ControlRequest, patience = 15_000): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const client = connect(path);
    let text = '';
    const fail = (seen: string, hint?: string): void => {
      client.destroy();
      reject(new Problem('hostFailed', `Cannot ask musterd at "${path}" as it must be running: ${seen}`, { hint }));
    };
    client.setTimeout(patience, () => fail(`no answer in ${patience / 1000} s`));
    client.setEncoding('utf8');
    client.once('connect', () => client.write(`${JSON.stringify(request)}\n`));
    client.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      client.destroy();
      resolve(JSON.parse(text.slice(0, end)) as ControlAnswer);
    });
    client.once('end', () => fail('it hung up without an answer'));
    client.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') fail('only root may ask it');
      else if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
        fail('it is not', 'systemctl start musterd; journalctl -u musterd');
      else fail(error.message);
    });
  });
}
