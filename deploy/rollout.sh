#!/usr/bin/env bash
#
# Replaces the three replicas of the profile `replicas`, one after the other, by containers of the image IMAGE
# (todo-api), and loses no request. `make rollout` builds the image first.
#
# Back to an older image, whose code knows nothing of the newest migrations, and needs not. `make image` names each one
# by its version and by the commit it was built from ("-dirty" is a checkout with changes), and removes none of them;
# `docker image ls todo-api` shows which are there:
#
#     IMAGE=todo-api:1.2.3 deploy/rollout.sh --back
#     IMAGE=todo-api:4f2c9d1 deploy/rollout.sh --back
#
# A replica that does not become ready ends it: that one stays out, the others serve what they served before.

set -euo pipefail
cd "$(dirname "$0")/.."

readonly REPLICAS=(api-1 api-2 api-3)
# Seconds. A request may take 30 by default, and with a greater REQUEST_TIMEOUT this has to be 5 more than that; a start
# waits for the database.
readonly LONGEST_REQUEST=${LONGEST_REQUEST:-35} LONGEST_START=${LONGEST_START:-60}

export COMPOSE_PROFILES=replicas
compose() { "${ENGINE:-docker}" compose "$@"; }
say() { printf '%s %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

# One command of HAProxy's runtime interface ("Management Guide", chapter 9.3).
# shellcheck disable=SC2016 # $1 is the inner shell's
balancer() { compose exec -T balancer sh -c 'echo "$1" | socat - /run/haproxy/admin.sock' - "$1"; }

# A column of the balancer's statistics on a replica: scur is how many requests are under way, status whether it is UP,
# DOWN, or in order and about to be replaced (DRAIN).
statistic() {
  balancer 'show stat api 4 -1' | python3 -c '
import csv, sys
for row in csv.DictReader(sys.stdin):
    if row["svname"] == sys.argv[1]:
        print(row[sys.argv[2]])' "$1" "$2"
}

# Waits until the statistic $3 of the replica $2 is what the pattern $4 says, for $1 seconds at most.
await() {
  local deadline=$((SECONDS + $1)) value
  # shellcheck disable=SC2053 # it is a pattern
  while value=$(statistic "$2" "$3"); [[ ! $value == $4 ]]; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

replace() {
  local replica=$1
  say "$replica: gets no new requests"
  balancer "set server api/$replica state drain" >/dev/null
  await "$LONGEST_REQUEST" "$replica" scur 0 || say "$replica: requests are still under way; they are cut off"

  say "$replica: is made anew"
  compose up --detach --no-deps --force-recreate --wait --wait-timeout "$LONGEST_START" "$replica" ||
    fail "$replica does not start, and stays out; docker compose logs $replica says why"

  # What the balancer knows is of the old one: it has to find out for itself that this one is ready.
  balancer "set server api/$replica health down" >/dev/null
  await "$LONGEST_START" "$replica" status 'DRAIN*' ||
    fail "$replica is not ready, and stays out; its /health/ready says why"
  balancer "set server api/$replica state ready" >/dev/null
  await 10 "$replica" status 'UP*' || fail "the balancer does not take $replica back"
  say "$replica: serves"
}

if [[ ${1:-} != --back ]]; then
  # First, for the old code works on the new schema as well; docs/upgrades.md says how that is kept.
  say 'the database is migrated'
  compose run --rm --no-deps migrations
fi
for replica in "${REPLICAS[@]}"; do replace "$replica"; done
say 'all replicas are replaced'
