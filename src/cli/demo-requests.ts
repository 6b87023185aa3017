import { request } from 'node:http';
import { dialAddress } from '../lab/dial.ts';
import type { LabPaths } from '../lab/types.ts';

/** How many of `count` requests, each over a new connection from the lab's client, were answered by which real server. */
export async function spreadOf(
  paths: LabPaths,
  address: string,
  port: number,
  count: number,
): Promise<Map<string, number>> {
  const spread = new Map<string, number>();
  for (let done = 0; done < count; done++) {
    const server = await servedBy(paths, address, port).catch(() => 'nobody');
    spread.set(server, (spread.get(server) ?? 0) + 1);
  }
  return spread;
}

/** The name in the page's `served by NAME`; rejects where there is no page within two seconds. */
async function servedBy(paths: LabPaths, address: string, port: number): Promise<string> {
  const stream = await dialAddress(paths, address, port);
  return new Promise((resolve, reject) => {
    // Without an agent: one would open a connection of its own, from the host instead of the lab's client.
    const sent = request({ host: address, port, path: '/', timeout: 2000, createConnection: () => stream as never });
    sent.on('timeout', () => sent.destroy(new Error('timed out')));
    sent.on('error', reject);
    sent.on('response', (response) => {
      let page = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        page += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve(/served by ([\w.-]+)/i.exec(page)?.[1] ?? 'a page without a name'));
      response.on('close', () => stream.destroy());
    });
    sent.end();
  });
}
