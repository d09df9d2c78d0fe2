#!/bin/sh
# What a container is made of, seen from inside: a line "KEY = VALUE" for everything.
# The shell that reads this file is the process that was started.
list() { while IFS= read -r line; do echo "$1 $line = there"; done; }
fields() { while read -r key rest; do echo "$1 ${key%:} = $rest"; done; }

tr '\0' '\n' </proc/$$/cmdline | list argv
tr '\0' '\n' </proc/$$/environ | list env
echo "cwd = $(readlink /proc/$$/cwd)"
grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Sig(Blk|Ign)|ShdPnd):' /proc/$$/status | fields status
sed 's/  *\([^ ]* *[^ ]* *[^ ]*\) *$/ = \1/' /proc/$$/limits | grep -v '^Limit' | sed 's/^/limit /; s/  */ /g'
echo "oom_score_adj = $(cat /proc/$$/oom_score_adj)"
echo "umask = $(umask)"
echo "hostname = $(hostname)"
echo "nis = $(cat /proc/sys/kernel/domainname)"
fds=
for fd in /proc/$$/fd/*; do fds="$fds ${fd##*/}"; done
echo "fds =$fds"

# Mounts: target, options of the mount, type, options of the file system; which file system "/" is on is
# another matter. Later ones on the same target count.
while read -r _ _ _ root target options rest; do
    shared=none
    case "$rest" in -*) ;; *) shared=${rest%% *} ;; esac
    rest=${rest#*- }
    kind=${rest%% *}
    super=${rest##* }
    echo "mount $target = $kind $options"
    case "$kind" in tmpfs | devpts) echo "filesystem $target = $super" ;; esac
    echo "propagation $target = $shared"
done </proc/self/mountinfo

for name in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/kpagecgroup /proc/kpagecount \
    /proc/kpageflags /proc/latency_stats /proc/scsi /proc/sched_debug /proc/timer_list /proc/timer_stats \
    /sys/devices/virtual/powercap /sys/firmware /sys/kernel/vmcoreinfo; do
    if [ -d $name ]; then seen="directory of $(ls $name | wc -l)"
    elif [ -e $name ]; then seen="$(head -c 100 $name 2>/dev/null | wc -c) bytes"
    else seen=missing; fi
    echo "masked $name = $seen"
done
for name in / /etc/hosts /proc/sys/kernel/shmmax /sys /tmp /data /data/below; do
    [ -w $name ] && echo "writable $name = yes"
done
for name in pid ipc uts net mnt cgroup user; do
    echo "namespace $name = $(readlink /proc/self/ns/$name)"
done
for name in net/ipv4/ip_unprivileged_port_start net/ipv4/ping_group_range kernel/shmmax; do
    echo "setting $name = $(cat /proc/sys/$name)"
done
ls -ln /dev | while read -r mode _ uid gid major minor rest; do
    case "$mode" in
    total) ;;
    l*) echo "dev link ${rest#* ??:?? } = $mode" ;;
    [bc]*) echo "dev ${rest##* } = $mode $uid:$gid $major $minor" ;;
    *) echo "dev ${rest##* } = $mode $uid:$gid" ;;
    esac
done
cat /etc/hosts | list hosts
cat /etc/resolv.conf | list resolv
cat /etc/hostname | list etc-hostname
ip addr show lo 2>/dev/null | grep -o 'inet6* [^ ]*\|UP' | list lo
find /etc /home /bin/busybox /tmp /root -prune -o -print 2>/dev/null | wc -l | list count
stat -c '%n = %a %u:%g' /etc /etc/passwd /home/app /tmp /bin/busybox /probe | sed 's/^/file /'

# Calls that filters and capabilities decide, none of which could change the machine if it were allowed.
try() { what=$1; shift; "$@" >/dev/null 2>&1; echo "try $what = $?"; }
try mkdir mkdir /tmp/made
try chown chown 5:5 /tmp
try chroot chroot / true
try mknod mknod /tmp/node c 1 3
try open-node cat /tmp/node
try mount mount -t tmpfs none /tmp
try unshare-mount unshare -m true
try unshare-user unshare -U true
try hostname hostname other
try ping ping -c 1 -W 1 127.0.0.1
try renice nice -n -5 true
try swapoff swapoff /nowhere
try low-port timeout 0.2 nc -l -p 1
try nobody su nobody -s /bin/true
