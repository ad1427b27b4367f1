#!/bin/sh
# Installs Debian's Chromium for the page's tests where that is possible: as root, with apt, within five minutes.
# It never fails: without a browser those tests are skipped. LIKELIHAND_NO_BROWSER=1 leaves the machine alone.
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 && exit 0
[ -n "$LIKELIHAND_NO_BROWSER" ] && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || { echo "no Chromium: the page's tests will be skipped"; exit 0; }
export DEBIAN_FRONTEND=noninteractive
timeout 60 apt-get update -qq >/dev/null 2>&1
timeout 300 apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 || echo "Chromium cannot be installed: the page's tests will be skipped"
exit 0
