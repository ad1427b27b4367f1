"""The documentation as a site: `make docs`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "docs" / "_ext")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(
    os.pathsep
)

os.environ["TQDM_DISABLE"] = "1"  # no progress bars in the tutorials' output
# The tutorials' shell finds the command where this Python is.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

from likelihand import __version__ as release  # noqa: E402  (the path above)

project = "likelihand"
author = "The likelihand developers"
copyright = author
version = release

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "reference_pages",
]
exclude_patterns = ["_build", "jupyter_execute"]
default_role = "literal"
highlight_language = "none"
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!likelihand\.).*"),  # other projects' names, and those of type checking alone
    (r"py:class", r".*\.([A-Z]|Item|Job|Function|Part|Result)"),  # type variables have no page
]
suppress_warnings = ["mystnb.unknown_mime_type", "ref.python"]  # "mean" of an Attributes section is no reference

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 900  # of a cell; a page takes two minutes on two idle cores
nb_execution_show_tb = True  # an error is a warning, which `make docs` does not let pass
nb_execution_in_temp = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_attr_annotations = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"likelihand {release}"
html_static_path = ["_static"]
html_css_files = ["likelihand.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "sidebar_hide_name": False,
    "light_css_variables": {"color-brand-primary": "#1f6f5c", "color-brand-content": "#1f6f5c"},
    "dark_css_variables": {"color-brand-primary": "#6fd0b6", "color-brand-content": "#6fd0b6"},
}
