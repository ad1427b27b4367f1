"""The cache of machine code."""

import shutil
import subprocess
import sys
from pathlib import Path

from numba import config

from likelihand.synth import compiled
from likelihand.synth.render import texture

PROGRAM = (
    "from likelihand.synth import compiled; from likelihand.synth.render import texture; "
    "print(texture.step(0.5)); print(compiled.cache_folder())"
)


def test_machine_code_lies_in_the_folder_of_these_sources():
    earlier = config.CACHE_DIR  # type: ignore[attr-defined]
    texture.step(0.5)
    assert texture.step.stats.cache_path.startswith(compiled.cache_folder())  # type: ignore[attr-defined]
    assert earlier == config.CACHE_DIR  # type: ignore[attr-defined]


def test_other_sources_have_another_folder(tmp_path):
    package = Path(compiled.__file__).parents[1]
    shutil.copytree(package, tmp_path / "likelihand", ignore=shutil.ignore_patterns("__pycache__"))

    def run():
        environment = {"PYTHONPATH": str(tmp_path), "PATH": "", "HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    first = run()
    assert run() == first
    assert list(Path(first).rglob("*.nbi"))
    other = tmp_path / "likelihand" / "synth" / "options.py"
    other.write_text(other.read_text() + "\n")
    assert run() != first
