#!/usr/bin/env bash
# Every night: the same, then an hour of storms over fresh seeds.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo xtask night
