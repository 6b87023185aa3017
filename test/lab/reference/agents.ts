/** What the nodes run in the comparison: resources that leave a trace, and how it is read. */

/** Addresses that groups have are of .100 to .199, of both families. */
const address = '10\\.77\\.0\\.1[0-9][0-9]|fd77::1[0-9][0-9]';

/**
 * A resource runs for as long as its file is in /run/reference, so none outlives the machine's power. Each start and stop
 * that changes something is a word of the log: `+a/1` is a start of `a` while any address of the groups was on eth0.
 * Files of /var/lib/reference make it fail: `a.no-start`, `a.no-stop`, and `a.bad-stop` for a stop that works and says it did not.
 */
const library = `name=$1 action=$2
mkdir -p /run/reference /var/lib/reference
is() { [ -e "/var/lib/reference/$name.$1" ]; }
note() { echo "$1$name/$(reference-addresses | head -n 1 | wc -l)" >> /var/log/reference.log; }
case $action in
  start)
    if is no-start; then exit 1; fi
    if [ ! -e "/run/reference/$name" ]; then note +; touch "/run/reference/$name"; fi ;;
  stop)
    if is no-stop; then exit 1; fi
    if [ -e "/run/reference/$name" ]; then note -; rm "/run/reference/$name"; fi
    if is bad-stop; then exit 1; fi ;;
  status)
    if [ -e "/run/reference/$name" ]; then echo "$name is running"; else echo "$name is not running"; exit 3; fi ;;
  *) exit 3 ;;
esac
exit 0
`;

/** Path -> text of all programs; each gets mode 0755. */
export const nodePrograms: Readonly<Record<string, string>> = {
  '/usr/local/lib/reference-resource': library,
  // A script of heartbeat's, with an argument: note::NAME.
  '/etc/ha.d/resource.d/note': `#!/bin/sh\nset -- "$1" "$2"\n. /usr/local/lib/reference-resource\n`,
  // An init script.
  '/etc/init.d/noted': `#!/bin/sh
### BEGIN INIT INFO
# Provides:          noted
# Required-Start:
# Required-Stop:
# Default-Start:
# Default-Stop:
# Short-Description: a resource of the comparison
### END INIT INFO
set -- noted "$1"
. /usr/local/lib/reference-resource
`,
  '/usr/local/bin/reference-addresses': `#!/bin/sh
ip -o address show dev eth0 | awk '$4 ~ "^(${address})/" { print $4 }'
`,
  // A line of what runs, and one of the log.
  '/usr/local/bin/reference-look': `#!/bin/sh
{ reference-addresses; ls /run/reference; findmnt -n -o TARGET /srv/reference; } 2>/dev/null | LC_ALL=C sort | tr '\\n' ' '
echo
tr '\\n' ' ' 2>/dev/null < /var/log/reference.log
echo
`,
};

/** A shell program that writes them all. */
export function writePrograms(): string {
  return Object.entries(nodePrograms)
    .map(([path, text]) => writeFile(path, text, '0755'))
    .join('');
}

export function writeFile(path: string, text: string, mode = '0644'): string {
  return `mkdir -p "$(dirname ${path})"\ncat > ${path} <<'END-OF-FILE'\n${text}END-OF-FILE\nchmod ${mode} ${path}\n`;
}
