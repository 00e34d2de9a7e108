#!/bin/sh
# Start of a container: compiled kernels go to the writable /tmp, since numba must be able to write where it reads.
set -eu
if [ -d /kernels ] && [ ! -d "$NUMBA_CACHE_DIR" ]; then cp -R /kernels "$NUMBA_CACHE_DIR"; fi
exec sweepline "$@"
