#!/bin/sh
# enter.sh online|offline|moving COMMAND...: runs a command in its own network namespace, with its own host names (see `hosts`).
#
#   192.0.2.1 to .2, 2001:db8::1 to ::2    are this machine; a port without a listener refuses connections
#   198.51.100.0/24, 2001:db8:dead::/48    are dead: packets go out and nothing comes back
#   fe80::1%void                           is this machine; without its zone the address cannot be reached
#   all others                             have no route
#
# `offline` has the loopback interface with its own addresses only.
#
# `moving` makes this machine a phone with two interfaces. The servers are in a second namespace, `outside`:
#
#   198.51.100.2 wifi ──── ap 198.51.100.1     preferred while it is up
#   203.0.113.2 mobile ── mast 203.0.113.1     the other interface
#   192.0.2.1                                  is in `outside`, reached through either
#
# Names are looked up in a hosts file that tests can write, then at a name server in `outside`, which does not exist: the look-up is
# refused at once, or hangs while packets are dropped. To drop them, both ends of both links have a place for filters of tc.
#
# This needs root, or user namespaces, which most Linux systems allow every user.
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
# A name of several lines has several addresses.
export RESOLV_MULTI=on

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
    mount -t tmpfs -o mode=755 run /run
    cp "$here/hosts" /run/hosts
    echo 'hosts: files dns' >/run/nsswitch.conf
    # The longest that the C library waits.
    printf '%s\n' 'nameserver 192.0.2.1' 'options timeout:30 attempts:1' >/run/resolv.conf
    # Where it is a link, it may lead to what is covered now.
    resolv=$(readlink -m /etc/resolv.conf)
    case $resolv in /run/*) mkdir -p "${resolv%/*}" && : >>"$resolv" ;; esac
    for file in hosts nsswitch.conf resolv.conf; do mount --bind "/run/$file" "/etc/$file"; done

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
*) echo "enter.sh: online, offline or moving, not $network" >&2 && exit 2 ;;
esac
exec "$@"
