#!/bin/sh
# enter.sh online|offline COMMAND...: runs a command in a network of its own, with names of its own (see `hosts`).
#
#   192.0.2.1 to .2, 2001:db8::1 to ::2    are this machine; a port where nobody listens refuses
#   198.51.100.0/24, 2001:db8:dead::/48    are dead: packets leave and nothing ever comes back
#   fe80::1%void                           is this machine; without its zone nobody can connect to it
#   all others                             have no route
#
# Offline there is the loopback interface with its own addresses only.
#
# It takes root, or what most Linux machines let every user do in a user namespace.
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
    # What goes out by `void` comes in by `drain`, where nobody wants it.
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
*) echo "enter.sh: online or offline, not $network" >&2 && exit 2 ;;
esac
exec "$@"
