import type { Duplex } from 'node:stream';
import { hostFailed } from './problems.ts';
import { ask, type Session } from './session.ts';
import type { ReverseTunnel } from './types.ts';

/** Listens on 127.0.0.1 of the host, on a port that its kernel picks (RFC 4254, 7: tcpip-forward). */
export async function openTunnel(session: Session, accept: (stream: Duplex) => void): Promise<ReverseTunnel> {
  const { name } = session.target;
  const tunnel = await ask(
    session,
    () => session.transport.listen(accept),
    ({ message }) =>
      hostFailed(
        `Cannot open a tunnel from host "${name}" as its sshd must listen for us: ${message}`,
        'see AllowTcpForwarding and DisableForwarding in the sshd_config of that host',
      ),
  );
  const close = async (): Promise<void> => {
    if (session.loss.problem !== undefined) return;
    await ask(
      session,
      () => tunnel.close(),
      ({ message }) => hostFailed(`Cannot close the tunnel from host "${name}" as sshd must let go: ${message}`),
    );
  };
  return { port: tunnel.port, close };
}
