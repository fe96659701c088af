#!/bin/sh
# enter.sh online|offline|moving|nat64 COMMAND...: runs a command in its own network namespace, with its own host names (see `hosts`).
#
#   192.0.2.1 to .2, 2001:db8::1 to ::2    are this machine; a port without a listener refuses connections
#   198.51.100.0/24, 2001:db8:dead::/48    are dead: packets are sent and no answer arrives
#   fe80::1%void                           is this machine; without its zone the address cannot be reached
#   all other addresses                    have no route
#
# `offline` has only the loopback interface with its own addresses.
#
# In `moving` this machine is a phone with two interfaces. The servers are in a second namespace, `outside`:
#
#   198.51.100.2 wifi ──── ap 198.51.100.1     preferred while it is up
#   203.0.113.2 mobile ── mast 203.0.113.1     the other interface
#   192.0.2.1                                  is in `outside`; both interfaces lead to it
#
# Names are looked up in a hosts file that tests can write, then at a name server in `outside`, which does not exist: the look-up is
# refused immediately, or hangs while packets are dropped. Both ends of both links are prepared for filters of tc, which drop
# packets.
#
# In `nat64` this machine is a phone in a mobile network that has only IPv6. The servers, the NAT64 (tayga) and the name server with
# DNS64 (unbound) are in `outside`. The daemons end when COMMAND ends.
#
#   2001:db8:1::2 cell ──── tower 2001:db8:1::1    the name server
#   192.0.2.1, 2001:db8:2::1                       are in `outside`: server.test has both, v4only.test only the first one
#   2001:db8:64::/96                               NAT64: 2001:db8:64::192.0.2.1 leads to 192.0.2.1
#   2001:db8:dead::/48                             is dead
#
# This script needs root, or user namespaces, which most Linux systems allow for every user.
set -eu

if [ "$1" != inside ]; then
    user=--map-root-user
    [ "$(id -u)" -ne 0 ] || user=
    exec unshare $user --net --mount -- "$0" inside "$@"
fi
network=$2
shift 2

here=$(cd "$(dirname "$0")" && pwd)
mount --bind "$here/hosts" /etc/hosts
mount --bind "$here/nsswitch.conf" /etc/nsswitch.conf
# A name in several lines has several addresses.
export RESOLV_MULTI=on

# ask_name_server ADDRESS OPTIONS: names that are not in the hosts file are looked up at this address. Tests can write both files.
ask_name_server() {
    mount -t tmpfs -o mode=755 run /run
    cp "$here/hosts" /run/hosts
    echo 'hosts: files dns' >/run/nsswitch.conf
    printf '%s\n' "nameserver $1" "options $2" >/run/resolv.conf
    # If the file is a link, its target may now be hidden by a mount.
    resolv=$(readlink -m /etc/resolv.conf)
    case $resolv in /run/*) mkdir -p "${resolv%/*}" && : >>"$resolv" ;; esac
    for file in hosts nsswitch.conf resolv.conf; do mount --bind "/run/$file" "/etc/$file"; done
}

ip link set lo up
case $network in
offline) ;;
online)
    # Packets that leave through `void` arrive at `drain`, which drops them.
    ip -batch - <<'COMMANDS'
link add void type veth peer name drain
link set void arp off
link set drain up
link set void up
address add fe80::1/64 dev void nodad
route add 198.51.100.0/24 dev void
route add 2001:db8:dead::/48 dev void
address add 192.0.2.1/32 dev lo
address add 192.0.2.2/32 dev lo
address add 2001:db8::1/128 dev lo nodad
address add 2001:db8::2/128 dev lo nodad
COMMANDS
    ;;
moving)
    # These are the longest waiting times of the C library.
    ask_name_server 192.0.2.1 'timeout:30 attempts:1'
    ip netns add outside
    ip -batch - <<'COMMANDS'
link add name wifi type veth peer name ap netns outside
link add name mobile type veth peer name mast netns outside
address add 198.51.100.2/24 dev wifi
address add 203.0.113.2/24 dev mobile
link set dev wifi up
link set dev mobile up
route add default via 198.51.100.1 metric 100
route add default via 203.0.113.1 metric 200
COMMANDS
    ip -n outside -batch - <<'COMMANDS'
link set lo up
address add 192.0.2.1/32 dev lo
address add 198.51.100.1/24 dev ap
address add 203.0.113.1/24 dev mast
link set dev ap up
link set dev mast up
COMMANDS
    for end in wifi mobile; do tc qdisc add dev $end clsact; done
    for end in ap mast; do tc -n outside qdisc add dev $end clsact; done
    ;;
nat64)
    PATH=$PATH:/usr/sbin:/sbin
    # The first query may be lost, before everything is ready.
    ask_name_server 2001:db8:1::1 'timeout:1 attempts:5'
    echo '192.0.2.1 hosts-file.test' >>/run/hosts
    ip netns add outside
    ip -batch - <<'COMMANDS'
link add name cell type veth peer name tower netns outside
address add 2001:db8:1::2/64 dev cell nodad
link set dev cell up
COMMANDS
    ip -n outside -batch - <<'COMMANDS'
link set lo up
address add 192.0.2.1/32 dev lo
address add 2001:db8:2::1/128 dev lo nodad
address add 2001:db8:1::1/64 dev tower nodad
link set dev tower up
route add blackhole 2001:db8:dead::/48
COMMANDS
    ip route add default via 2001:db8:1::1

    outside() { ip netns exec outside "$@"; }
    # The daemons run until COMMAND ends, which replaces this shell.
    in_background() { setpriv --pdeathsig KILL ip netns exec outside "$@" >/run/"${1##*/}".log 2>&1 </dev/null & }

    outside sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; echo 1 >/proc/sys/net/ipv4/ip_forward'
    mkdir /run/tayga
    cat >/run/tayga.conf <<'CONFIGURATION'
tun-device nat64
data-dir /run/tayga
prefix 2001:db8:64::/96
ipv6-addr 2001:db8:3::1
ipv4-addr 198.51.100.1
dynamic-pool 198.51.100.0/24
CONFIGURATION
    outside tayga --config /run/tayga.conf --mktun >/run/tayga.log
    ip -n outside -batch - <<'COMMANDS'
link set dev nat64 up
route add 198.51.100.0/24 dev nat64
route add 2001:db8:64::/96 dev nat64
COMMANDS
    in_background tayga --config /run/tayga.conf --nodetach

    cat >/run/unbound.conf <<'CONFIGURATION'
server:
    directory: /run
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    interface: 2001:db8:1::1
    access-control: ::/0 allow
    local-zone: test. nodefault
    module-config: "dns64 iterator"
    dns64-prefix: 2001:db8:64::/96
remote-control:
    control-enable: no
auth-zone:
    name: test.
    zonefile: test.zone
    for-downstream: no
    fallback-enabled: no
auth-zone:
    name: ipv4only.arpa.
    zonefile: ipv4only.zone
    for-downstream: no
    fallback-enabled: no
CONFIGURATION
    # Names without a final dot are in the zone.
    begin_zone() { printf '%s\n' "\$ORIGIN $1" '@ 60 SOA ns admin 1 60 60 60 60' '@ 60 NS ns' 'ns 60 AAAA 2001:db8:1::1'; }
    { begin_zone test.; cat; } >/run/test.zone <<'ZONE'
server 60 A 192.0.2.1
server 60 AAAA 2001:db8:2::1
v4only 60 A 192.0.2.1
ZONE
    { begin_zone ipv4only.arpa.; cat; } >/run/ipv4only.zone <<'ZONE'
@ 60 A 192.0.0.170
@ 60 A 192.0.0.171
ZONE
    # Use a copy, because on some systems (AppArmor) the original program may read only its own files.
    cp "$(command -v unbound)" /run/name-server
    in_background /run/name-server -c /run/unbound.conf
    ;;
*) echo "enter.sh: online, offline, moving or nat64, not $network" >&2 && exit 2 ;;
esac
exec "$@"
