import type { Connection, ReverseTunnel } from '../remote/types.ts';
import type { ProgramStep } from './exchange.ts';
import type { PackageProxy } from './package-proxy.ts';
import { shellWords } from './shell-text.ts';

/** The way of packages to one host: a tunnel that is opened with the first package and closed with the run. */
export class PackageFeed {
  readonly #connection: Connection;
  readonly #proxy: PackageProxy;
  #tunnel: Promise<ReverseTunnel> | undefined;

  constructor(connection: Connection, proxy: PackageProxy) {
    this.#connection = connection;
    this.#proxy = proxy;
  }

  /** The port on the host's loopback where the proxy answers. Only hosts that its apt sources name are served. */
  async port(): Promise<number> {
    this.#tunnel ??= this.#open();
    return (await this.#tunnel).port;
  }

  async close(): Promise<void> {
    const tunnel = await this.#tunnel?.catch(() => undefined);
    this.#tunnel = undefined;
    await tunnel?.close();
  }

  async #open(): Promise<ReverseTunnel> {
    const sources = await this.#connection.exec(
      "exec /bin/sh -c 'cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null; true'",
    );
    const allowed = new Set<string>();
    for (const match of sources.stdout.toString('utf8').matchAll(/^(?!\s*#).*$/gm)) {
      for (const url of match[0].matchAll(/https?:\/\/([^/\s\]]+)/g)) allowed.add(url[1]!.replace(/^.*@/, ''));
    }
    return await this.#connection.reverseTunnel((stream) => this.#proxy.accept(stream, allowed));
  }
}

/** Ours carries this line, so that one that a killed run left behind is known and taken away. */
const policyMark = '# muster: services stay down while packages are installed';

/**
 * One transaction of apt for all packages. Its output goes to a file on the host until the end: where the connection is
 * lost, apt goes on undisturbed, as nothing is worse than half a package. Lists are fetched only where they are missing
 * or too old to find a package. Nothing of the tunnel is left in apt's configuration.
 */
export function packageStep(install: readonly string[], remove: readonly string[], proxyPort: number): ProgramStep {
  const words = shellWords([...install, ...remove.map((name) => `${name}-`)]);
  const proxy = `http://127.0.0.1:${proxyPort}`;
  const program = `export DEBIAN_FRONTEND=noninteractive
log=$(mktemp /tmp/muster-apt-XXXXXXXX) || exit 1
policy=/usr/sbin/policy-rc.d
cleanup() { rm -f "$log"; grep -qsF ${JSON.stringify(policyMark)} $policy && rm -f $policy; true; }
trap cleanup EXIT
trap 'exit 1' HUP INT TERM PIPE
if [ ! -e $policy ]; then printf '#!/bin/sh\\n%s\\nexit 101\\n' ${JSON.stringify(policyMark)} >$policy && chmod 755 $policy || exit 1; fi
apt_get() {
  apt-get -q -y --no-install-recommends -o Acquire::http::Proxy=${proxy} -o Acquire::https::Proxy=${proxy} \\
    -o Acquire::Languages=none -o Acquire::PDiffs=false -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120 \\
    -o DPkg::Use-Pty=0 -o APT::Keep-Downloaded-Packages=false -o Dpkg::Options::=--force-confold "$@" </dev/null >>"$log" 2>&1
}
# The space that it takes and 16 MB more, before it takes any: a disk that fills up in the middle leaves half-configured packages.
enough() {
  : >"$log"
  # Assume-Yes would win over assume-no, and install at once.
  apt_get -o APT::Get::Assume-Yes=false --assume-no install ${words}
  need=$(sed -n 's/^Need to get \\([^ ]*\\) \\([kMG]*B\\).*/\\1 \\2/p; s/^After this operation, \\([0-9.,]*\\) \\([kMG]*B\\) of add.*/\\1 \\2/p' "$log" |
    awk 'BEGIN { f["B"] = 1 / 1024; f["kB"] = 1; f["MB"] = 1024; f["GB"] = 1048576 }
      { gsub(/,/, "", $1); s += $1 * f[$2] } END { if (NR) printf "%d", s + 16384 }')
  [ -n "$need" ] || return 1
  free=$(df -Pk /usr | awk 'NR == 2 { print $4 }')
  [ "$need" -le "$free" ] && return 0
  echo "Cannot install packages as $((need / 1024)) MB of /usr must be free: $((free / 1024)) MB are" >&2
  exit 1
}
prepared=
if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then apt_get update || true; prepared=1; fi
if ! enough && [ -z "$prepared" ]; then apt_get update; enough || true; fi
: >"$log"
apt_get install ${words} && exit 0
# Lists that are too old name files that are gone; a transaction that was cut off has to be ended first.
dpkg --configure -a </dev/null >>"$log" 2>&1
apt_get update
apt_get --fix-broken install
: >"$log"
apt_get install ${words} && exit 0
{ echo "apt-get could not do it:"; grep -E '^(E|W|Err|dpkg): ?' "$log" || tail -n 15 "$log"; } >&2
exit 1`;
  return { program };
}
