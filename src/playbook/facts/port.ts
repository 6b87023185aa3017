import { shellQuote } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

/** Whether `host:port` takes TCP connections, waited for `seconds` on the node itself. The key: `host:port:seconds`. */
export const portFact: FactKind<boolean> = {
  name: 'port',
  volatile: true,
  costly: true,
  script: (keys) =>
    keys
      .map((key) => {
        const [, host, port, seconds] = /^(.*):(\d+):([\d.]+)$/.exec(key) ?? [];
        return `perl -MIO::Socket::INET -e ${shellQuote(waiting)} ${shellQuote(host ?? '')} ${port} ${seconds} && echo open || echo shut`;
      })
      .join('\n'),
  parse: (output, keys) => {
    const lines = output.toString('utf8').split('\n');
    return new Map(keys.map((key, index) => [key, lines[index] === 'open']));
  },
};

const waiting = `my ($host, $port, $left) = @ARGV;
while (1) {
  exit 0 if IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 1);
  exit 1 if ($left -= 0.05) <= 0;
  select undef, undef, undef, 0.05;
}`;
