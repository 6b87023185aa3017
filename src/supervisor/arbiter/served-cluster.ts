import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { QuorumdCluster } from '../../linux-ha/quorumd-conf.ts';
import type { NodeName } from '../../model/names.ts';
import type { ArbiterClusterStatus } from '../../wire/arbiter-status.ts';
import { writeFrame } from '../../wire/stream.ts';
import type { Journal } from '../journal.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { type Certificates, judgeCertificate } from './certificates.ts';
import { ClusterVoter } from './cluster-voter.ts';
import { Complaints } from './complaints.ts';

export interface ServedClusterOptions {
  readonly self: NodeName;
  readonly quorumd: QuorumdCluster;
  readonly stateDir: string;
  readonly bundleHash: string;
  readonly journal: Journal;
  readonly now: () => number;
}

/** One cluster that an arbiter serves: its certificates, its voter, and who is let in. */
export class ServedCluster {
  readonly #options: ServedClusterOptions;
  readonly #watch: CertificateWatch;
  readonly #complaints: Complaints;
  readonly #counters: Record<string, number> = { refused: 0 };
  #context: SecureContext | undefined;
  #voter: ClusterVoter | undefined;
  #problem: string | undefined = 'its certificates are not read yet';

  constructor(options: ServedClusterOptions) {
    this.#options = options;
    this.#complaints = new Complaints(options.journal, options.now);
    this.#watch = new CertificateWatch(
      options.quorumd.certificates,
      (certificates) => this.#use(certificates),
      (why) => {
        // Those that were read before go on counting.
        if (this.#voter === undefined) this.#problem = why;
        options.journal.warn('certificates', why);
      },
    );
  }

  get quorumd(): QuorumdCluster {
    return this.#options.quorumd;
  }

  /** What its nodes are shown in the handshake; undefined where there is none. */
  get context(): SecureContext | undefined {
    return this.#context;
  }

  /** Resolves when its certificates were looked at once. */
  start(): Promise<void> {
    return this.#watch.start();
  }

  stop(why: string): void {
    this.#watch.stop();
    this.#voter?.stop(why);
  }

  /** Somebody who asked for this cluster, and has proven to have the key of the certificate that it shows. */
  meet(socket: TLSSocket, address: string): void {
    const shown = socket.getPeerX509Certificate();
    const pins = this.#watch.current?.pins ?? new Map<string, string>();
    const verdict = judgeCertificate(shown, this.quorumd.name, pins);
    if (!verdict.ok) this.#refuse(socket, address, verdict.refusal, verdict.why);
    else if (this.#voter?.admit(socket, verdict.name, shown!.fingerprint256) !== true)
      this.#refuse(socket, address, 'no-voice', this.#problem ?? `${verdict.name} is no node of this cluster`);
  }

  status(): ArbiterClusterStatus {
    const { name, port, takeover } = this.quorumd;
    return {
      name,
      port,
      problem: this.#problem ?? null,
      longestLeaseMs: this.#voter?.longestLease ?? takeover,
      certificateExpires: this.#watch.current?.expires ?? null,
      ...(this.#voter?.status() ?? { silentMs: 0, nodes: [], groups: [] }),
      counters: { ...this.#counters },
    };
  }

  #refuse(socket: TLSSocket, address: string, reason: string, why: string): void {
    this.#count('refused');
    this.#count(reason);
    this.#complaints.say('refused', `${reason} ${address}`, `refused a connection from ${address}: ${why}`);
    socket.on('error', () => {});
    socket.end(writeFrame('refused', Buffer.from(why)));
    setTimeout(() => socket.destroy(), 1000).unref();
  }

  #count(reason: string): void {
    this.#counters[reason] = (this.#counters[reason] ?? 0) + 1;
  }

  #use(certificates: Certificates): void {
    this.#context = createSecureContext({
      key: certificates.key,
      cert: certificates.certificate,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
    });
    const { self, quorumd, stateDir, bundleHash, journal, now } = this.#options;
    const nodes = quorumd.nodes.length > 0 ? quorumd.nodes : certificates.names;
    if (this.#voter !== undefined && this.#voter.nodes.join() === nodes.join()) {
      this.#voter.keep((print) => certificates.pins.has(print));
      journal.say('certificates', 'there are new ones');
      return;
    }
    // Other nodes are another electorate: a voter that starts silent, as after a restart.
    this.#voter?.stop('the nodes of the cluster have changed');
    this.#voter = undefined;
    try {
      const count = (why: string): void => this.#count(why);
      this.#voter = new ClusterVoter({ self, quorumd, nodes, stateDir, bundleHash, journal, now, count });
      this.#problem = undefined;
      journal.say('serve', `votes for nodes ${nodes.join(', ')}, leases of at most ${this.#voter.longestLease} ms`);
    } catch (error) {
      this.#problem = (error as Error).message;
      journal.warn('serve', `cannot vote for this cluster: ${this.#problem}`);
    }
  }
}
