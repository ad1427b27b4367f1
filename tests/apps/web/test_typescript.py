import filecmp
import shutil
import subprocess
from pathlib import Path

import pytest

from likelihand.apps.web.files import BUILT

WEB = Path(__file__).parents[3] / "web"

pytestmark = pytest.mark.skipif(
    not (WEB / "node_modules").is_dir() or shutil.which("npx") is None,
    reason="the page's packages are not installed (node 20 or newer, then `npm ci` in web/)",
)


def npm(*command):
    done = subprocess.run(["npm", *command], cwd=WEB, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_types_and_lint():
    npm("run", "check")


def test_vitest():
    npm("test")


def test_a_new_build_is_the_page_that_is_carried(tmp_path):
    npm("run", "build", "--", "--outDir", str(tmp_path))
    names = {p.relative_to(BUILT) for p in BUILT.rglob("*") if p.is_file()}
    assert names == {p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()}
    _, different, missing = filecmp.cmpfiles(BUILT, tmp_path, map(str, names), shallow=False)
    assert not different and not missing
