/**
 * Shell text that makes `systemctl` mean the same on a machine without systemd: it runs the scripts of /etc/init.d. Nothing
 * of it is done where systemd runs. Of `show` it prints what `facts/unit.ts` reads.
 */
export const systemctlAnywhere = `[ -d \${SYSTEMD_RUNS:-/run/systemd/system} ] || {
muster_show() {
  script=\${INIT_D:-/etc/init.d}/$1
  echo "Id=$1.service"
  if [ ! -x "$script" ]; then echo LoadState=not-found; echo ActiveState=inactive; echo; return; fi
  echo LoadState=loaded
  if "$script" status >/dev/null 2>&1; then echo ActiveState=active; else echo ActiveState=inactive; fi
  set -- "$1" \${RC_D:-/etc}/rc[2345].d/S??"$1"
  if [ -e "$2" ]; then echo UnitFileState=enabled; else echo UnitFileState=disabled; fi
  echo NeedDaemonReload=no
  for file in \${RUN_D:-/run}/"$1".pid \${RUN_D:-/run}/*/"$1".pid; do
    [ -s "$file" ] && read -r pid <"$file" && [ -d /proc/"$pid" ] || continue
    echo "MainPID=$pid"
    echo "ExecMainStartTimestamp=@$(stat -c %Y /proc/"$pid")"
    break
  done
  echo
}
systemctl() {
  verb=
  for word in "$@"; do
    case $word in
      -*) continue ;;
    esac
    if [ -z "$verb" ]; then verb=$word; continue; fi
    name=\${word%.service}
    case $verb in
      show) muster_show "$name" ;;
      enable) update-rc.d "$name" defaults >/dev/null && update-rc.d "$name" enable ;;
      disable) update-rc.d "$name" disable ;;
      start | stop | restart | reload) \${INIT_D:-/etc/init.d}/"$name" "$verb" </dev/null || return ;;
      *) echo "systemctl $verb means nothing without systemd" >&2; return 1 ;;
    esac
  done
}
}
`;
