#!/usr/bin/env bash
# Every push: all that a change must pass.
set -euo pipefail
cd "$(dirname "$0")/.."
# Nothing is built twice here.
export CARGO_INCREMENTAL=0
exec cargo xtask test
