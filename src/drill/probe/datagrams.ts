/** Numbered datagrams to a port of the VIP that is never balanced: they say which node holds it, and when nobody does. */
import { createSocket } from 'node:dgram';
import type { DatagramProbe } from '../observation.ts';
import { everyInterval, monotonicMs } from './clock.ts';

export interface DatagramSettings {
  readonly address: string;
  readonly port: number;
  readonly intervalMs: number;
  /** An answer that comes later counts as none. */
  readonly timeoutMs: number;
}

/**
 * Sends `muster-drill <sequence>` each interval and expects the same text with ` <node>` behind it, as
 * `echoProgram` of drill/echo.ts answers. Resolves once the first datagram can be sent, to the function that stops.
 */
export function probeDatagrams(
  settings: DatagramSettings,
  report: (probe: DatagramProbe) => void,
): Promise<() => void> {
  const version = settings.address.includes(':') ? 6 : 4;
  const socket = createSocket(`udp${version}`);
  const waiting = new Map<number, number>();
  let sequence = 0;

  // The kernel reports an unanswered ARP request as an error of the socket; the missing answer says the same.
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    const answeredMs = monotonicMs();
    const [word, number, by] = data.toString('latin1').split(' ');
    const answered = Number(number);
    const sentMs = waiting.get(answered);
    if (word !== 'muster-drill' || sentMs === undefined) return;
    waiting.delete(answered);
    report({ kind: 'datagram', version, sequence: answered, sentMs, answeredMs, by: by ?? null });
  });

  const giveUp = (olderThanMs: number): void => {
    for (const [number, sentMs] of waiting) {
      if (sentMs > olderThanMs) return;
      waiting.delete(number);
      report({ kind: 'datagram', version, sequence: number, sentMs, answeredMs: null, by: null });
    }
  };
  const send = (): void => {
    const sentMs = monotonicMs();
    sequence += 1;
    waiting.set(sequence, sentMs);
    socket.send(`muster-drill ${sequence}`, () => undefined);
    giveUp(sentMs - settings.timeoutMs);
  };

  return new Promise((resolve) => {
    socket.connect(settings.port, settings.address, () => {
      const stop = everyInterval(settings.intervalMs, send);
      resolve(() => {
        stop();
        // What was sent in the last moment is not lost, it is unknown: it is not reported.
        giveUp(monotonicMs() - settings.timeoutMs);
        socket.close();
      });
    });
  });
}
