/**
 * The responder that the drill starts on each node: it answers every datagram with the same text and the node's name.
 * It is bound to the VIP itself (IP_FREEBIND, so that it starts where the VIP does not lie yet), so that its answers
 * come from the VIP. Perl, as perl-base is on every Debian node, and starts in 5 ms. It ends by itself after two hours, in case nobody comes back to remove it.
 */
import type { IpAddress, NodeName } from '../model/names.ts';

export const echoUnit = 'muster-drill-echo';
const unitFor = (vip: IpAddress): string => (vip.includes(':') ? `${echoUnit}6` : echoUnit);

/** Arguments: VIP, port, name of the node. */
export const echoProgram = String.raw`use strict; use Socket qw(:DEFAULT inet_pton);
my ($vip, $port, $name) = @ARGV;
$SIG{ALRM} = sub { exit 0 }; alarm 7200;
my $six = $vip =~ /:/;
socket(my $socket, $six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
setsockopt($socket, $six ? 41 : 0, $six ? 78 : 15, pack("i", 1)) or die "freebind: $!\n";
bind($socket, $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $vip)) : pack_sockaddr_in($port, inet_aton($vip))) or die "bind: $!\n";
while (1) { my $from = recv($socket, my $data, 2048, 0); defined $from and send($socket, "$data $name", 0, $from) }
`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Shell text that starts the responder as a transient unit, in place of one that an earlier drill left. It is real-time
 * like the probe, or a busy machine would look like an outage of the service.
 */
export function startEcho(vip: IpAddress, port: number, node: NodeName): string {
  const command = ['/usr/bin/perl', '-e', echoProgram, vip, String(port), node].map(quoted).join(' ');
  const unit = unitFor(vip);
  return (
    `systemctl stop ${unit}.service 2>/dev/null; systemctl reset-failed ${unit}.service 2>/dev/null; ` +
    `systemd-run --quiet --collect --unit=${unit} -p Restart=on-failure -p RestartSec=50ms ` +
    `-p CPUSchedulingPolicy=fifo -p CPUSchedulingPriority=10 ${command}`
  );
}

/** As `startEcho`, but leaves one alone that runs: a node whose machine went on still has its own. */
export function ensureEcho(vip: IpAddress, port: number, node: NodeName): string {
  return `systemctl is-active --quiet ${unitFor(vip)}.service || { ${startEcho(vip, port, node)}; }`;
}

/** Shell text that removes the responder; succeeds where there is none. */
export function stopEcho(): string {
  return `systemctl stop ${echoUnit}.service ${echoUnit}6.service 2>/dev/null; true`;
}
