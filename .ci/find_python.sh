#!/bin/sh
# Prints a Python of at least 3.11 that really runs and can make virtual environments; PYTHON=... overrides.
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$candidate"
        exit 0
    fi
done
echo "no python3 >= 3.11 with venv found; install one, or name it: make test PYTHON=/path/to/python3" >&2
exit 1
