#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The demo: a primary and two secondaries on loopback ports, one zone that
# changes, and how long the change takes to travel.
#
#   scripts/demo.sh start    in a terminal: until Ctrl-C; else: until stop
#   scripts/demo.sh stop
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$PWD/build/understudy
run=$PWD/build/demo
zone=example.com
servers=(primary.named.conf secondary.named.conf secondary.nsd.conf)
ports=(5301 5302 5303)

# Ends what an earlier demo left, by the process IDs it wrote down, and only
# if those are still ours.
stop() {
  local file pid
  for file in "$run"/*.pid; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    if [ "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$binary" ]; then
      kill "$pid" 2>/dev/null || true
      for _ in $(seq 50); do
        [ -d "/proc/$pid" ] || break
        sleep 0.1
      done
      if [ -d "/proc/$pid" ]; then kill -9 "$pid" 2>/dev/null || true; fi
    fi
  done
  rm -rf "$run"
}

serial() { # port
  dig @127.0.0.1 -p "$1" +time=1 +tries=1 +short "$zone" SOA 2>/dev/null | awk '{ print $3 }'
}

start_one() { # config
  local name=$1
  (cd "$run" && exec setsid "$binary" serve -c "$name" >"$name.log" 2>&1 </dev/null) &
  echo $! >"$run/$name.pid"
}

# Its own log must say so: on its port another server may answer.
wait_for() { # port config
  for _ in $(seq 100); do
    grep -qs ' is ready: ' "$run/$2.log" && [ -n "$(serial "$1")" ] && return
    if [ ! -d "/proc/$(cat "$run/$2.pid")" ]; then break; fi
    sleep 0.1
  done
  echo "demo: $2 does not serve $zone on 127.0.0.1@$1; its log:" >&2
  cat "$run/$2.log" >&2
  stop
  exit 1
}

show() { # heading
  echo "$1"
  for i in "${!servers[@]}"; do
    printf '  %-22s 127.0.0.1@%s   %s serial %s\n' \
      "${servers[$i]}" "${ports[$i]}" "$zone" "$(serial "${ports[$i]}")"
  done
}

start() {
  stop
  trap '[ $? -eq 0 ] || stop' EXIT
  mkdir -p "$run"/{primary,secondary,secondary-nsd}
  cp demo/*.conf demo/*.zone "$run/"
  echo "Starting a primary and two secondaries, on the configurations in demo/"
  for i in "${!servers[@]}"; do
    start_one "${servers[$i]}"
    wait_for "${ports[$i]}" "${servers[$i]}"
  done
  echo
  show "Before the change:"
  echo
  local file=$run/secondary/$zone.zone
  for _ in $(seq 50); do
    [ -f "$file" ] && break # it is written once the zone is served
    sleep 0.1
  done
  ls -la "$file" | sed 's/^/  /'
  echo
  local old new
  old=$(serial "${ports[0]}")
  new=$((old + 1))
  echo "Now the zone file of the primary is edited (serial $new, a new record) and the"
  echo "primary gets a SIGHUP:"
  python3 scripts/demo_watch.py "$zone" "$new" "${ports[@]}" -- "$run/$zone.zone" "$old" \
    "$(cat "$run/${servers[0]}.pid")"
  echo
  show "After the change:"
  cat <<EOT

The page of the first secondary, with the serials of all three:
  http://127.0.0.1:5380/

Try it:
  dig @127.0.0.1 -p ${ports[1]} www.$zone A +short
  dig @127.0.0.1 -p ${ports[2]} news.$zone TXT +short
  dig @127.0.0.1 -p ${ports[0]} $zone AXFR
  build/understudy status -c build/demo/${servers[1]}
  build/understudy explain example.com -c build/demo/${servers[1]}
Edit build/demo/$zone.zone, raise its serial, and let the primary read it:
  kill -HUP $(cat "$run/${servers[0]}.pid")
EOT
  if [ -t 0 ]; then
    echo "Ctrl-C ends the demo."
    trap 'echo; stop; exit 0' INT TERM HUP
    while sleep 1; do :; done
  else
    echo "The servers go on running; make demo-stop ends them."
  fi
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  *) echo "usage: scripts/demo.sh start|stop" >&2; exit 2 ;;
esac
