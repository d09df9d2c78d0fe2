#!/bin/bash
# What an image does, looked at with podman, strace, ss, curl and /proc: how the truths in TRUTH.md are found.
#
#   measure.sh [-q] [-w SECONDS] [-t GRACE] [-p PORT] IMAGE [PODMAN OPTION...] [-- ARGUMENT...]
#
# As root. -q: without what is written and without signals; -w: seconds until it is looked at; -p: ask for paths
# over HTTP. `podman diff` also lists what podman itself makes: /etc (mtab), and /etc/passwd and /etc/group for a uid
# that has no account.
set -u
quiet=''; wait=2; grace=10; port=''
while getopts qw:t:p: option; do
  case $option in q) quiet=1 ;; w) wait=$OPTARG ;; t) grace=$OPTARG ;; p) port=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
image=$1
shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
[ $# -gt 0 ] && shift

scratch=$(mktemp -d)
# Docker and containerd 2 free low ports; podman does not by itself.
id=$(podman run -d --network none --sysctl net.ipv4.ip_unprivileged_port_start=0 \
  --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 "${options[@]}" "$image" "$@") || exit
sleep "$wait"
state() { podman inspect -f "{{.State.$1}}" "$id"; }
written() { [ -n "$quiet" ] || podman diff "$id" | sed 's/^/   /'; }

if [ "$(state Running)" = true ]; then
  first=$(state Pid)
  attach=()
  echo '-- pid uid gid CapEff state threads exe: argv'
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/ns/pid")" = "$(readlink "/proc/$first/ns/pid")" ] || continue
    attach+=(-p "${process#/proc/}")
    awk -v exe="$(readlink "$process/exe")" -v argv="$(tr '\0' ' ' <"$process/cmdline")" \
      '/^NSpid/{p=$NF} /^Uid/{u=$3} /^Gid/{g=$3} /^CapEff/{c=$2} /^State/{s=$2} /^Threads/{t=$2}
       END{print "  ", p, u, g, c, s, t, exe ": " argv}' "$process/status"
  done 2>/dev/null
  echo '-- sockets'
  nsenter -t "$first" -n ss -lntuH | awk '{print "  ", $1, $2, $5}' | sort -u
  if [ -n "$port" ]; then
    for path in / /healthz /health /readyz /livez /ping; do
      code=$(nsenter -t "$first" -n curl -s -o /dev/null -m 3 -w '%{http_code}' "http://127.0.0.1:$port$path")
      echo "   $path -> $code"
    done
  fi
  echo '-- written while it runs'
  written
  strace -f -qq -e trace=exit_group,kill,tgkill,wait4 -e signal=SIGTERM,SIGINT,SIGQUIT,SIGWINCH,SIGKILL \
    -o "$scratch/strace" "${attach[@]}" 2>/dev/null &
  sleep 0.4
  begun=$(date +%s.%N)
  podman stop -t "$grace" "$id" >/dev/null 2>&1
  echo "-- stop: $(echo "$(date +%s.%N) - $begun" | bc) s, exit code $(state ExitCode)"
  wait
  [ -n "$quiet" ] || grep -E 'SIG(TERM|INT|QUIT|WINCH|KILL)|exit_group' "$scratch/strace" | head -24 | sed 's/^/   /'
else
  echo "-- ended by itself: exit code $(state ExitCode)"
fi
echo '-- written'
written
echo '-- log'
podman logs --tail 8 "$id" 2>&1 | sed 's/^/   /'
podman rm -fv "$id" >/dev/null
rm -r "$scratch"
