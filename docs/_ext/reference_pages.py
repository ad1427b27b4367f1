"""Writes the reference's pages: one for each module of the package, one for each command of the command line.

What they say comes from the docstrings and from the commands' own parsers, so that nothing is left out or out of
date. The pages are made anew at each build, in `reference/api` and `reference/cli`.
"""

import argparse
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import likelihand
from likelihand.cli import COMMANDS


def setup(app: Any) -> dict[str, bool]:  # noqa: ANN401
    """Register with Sphinx."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(folder: Path) -> None:
    """Write all pages, and remove those of modules and commands that are gone."""
    pages = {f"api/{module.__name__}.rst": module_page(module) for module in modules()}
    pages |= {f"cli/{command}.rst": command_page(command) for command in COMMANDS}
    for kind in ("api", "cli"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for file in (folder / kind).glob("*.rst"):
            if f"{kind}/{file.name}" not in pages:
                file.unlink()
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:  # an unchanged page need not be built again
            file.write_text(text, "utf-8")


def modules() -> Iterator[ModuleType]:
    """Import the package and every public module of it."""
    yield likelihand
    for found in pkgutil.walk_packages(likelihand.__path__, "likelihand."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def module_page(module: ModuleType) -> str:
    """Return a module's page: its docstring, its names, and for a package what it exports and holds."""
    name = module.__name__
    parts = [f"{name}\n{'=' * len(name)}\n", f".. automodule:: {name}\n   :members:\n   :ignore-module-all:\n"]
    parts += [exported(module), children(module)]
    return "\n".join(part for part in parts if part)


def exported(module: ModuleType) -> str:
    """List the names that a package offers from its modules, each with a link to where it is described."""
    rows = []
    for name in getattr(module, "__all__", []):
        value = getattr(module, name)
        home = getattr(value, "__module__", None)
        if inspect.ismodule(value):
            rows.append(f"* :py:mod:`{name} <{value.__name__}>`")
        elif (inspect.isclass(value) or inspect.isroutine(value)) and home and home != module.__name__:
            rows.append(f"* :py:obj:`{name} <{home}.{value.__qualname__}>`: {first_line(value)}")
        elif home != module.__name__ and (where := constant_home(module, name)):
            rows.append(f"* ``{name}``, of :py:mod:`{where}`")
    return "" if not rows else "\n".join([".. rubric:: Names", "", *rows, ""])


def constant_home(module: ModuleType, name: str) -> str | None:
    """Find the module below a package that defines a constant which the package offers."""
    prefix = f"{module.__name__}."
    for other in [m for key, m in sorted(sys.modules.items()) if key.startswith(prefix)]:
        source = inspect.getsource(other)
        if re.search(rf"(?m)^{name}\b.*=", source):
            return other.__name__
    return None


def children(module: ModuleType) -> str:
    """List a package's modules."""
    if not hasattr(module, "__path__"):
        return ""
    names = [f"{module.__name__}.{m.name}" for m in pkgutil.iter_modules(module.__path__) if m.name[0] != "_"]
    if not names:
        return ""
    rows = [f"   {name.rpartition('.')[2]} <{name}>" for name in names]
    listed = [f"* :doc:`{name}`: {first_line(importlib.import_module(name))}" for name in names]
    toctree = [".. toctree::", "   :hidden:", "", *rows]
    return "\n".join([".. rubric:: Modules", "", *listed, "", *toctree, ""])


def first_line(value: object) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ")


def command_page(command: str) -> str:
    """Return a command's page: its usage and every option, as its parser has them."""
    parser = importlib.import_module(f"likelihand.cli.{command}").parser()
    title = f"likelihand {command}"
    lines = [title, "=" * len(title), "", parser.description or COMMANDS[command], ""]
    lines += [f".. program:: {title}", ""]
    for action in parser._actions:  # argparse has no public way to list them
        if not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS:
            lines += option(action)
    return "\n".join(lines)


def option(action: argparse.Action) -> list[str]:
    """Return one option's entry."""
    value = value_of(action)
    names = [name for name in action.option_strings if name.startswith("-")]
    head = ", ".join(f"{name} {value}".strip() for name in names) or value
    told = [literal(action.help)] if action.help else []
    if action.choices is not None:
        told.append("One of " + ", ".join(f"``{choice}``" for choice in action.choices) + ".")
    if (
        action.default not in (None, False, "", [], argparse.SUPPRESS)
        and names
        and "%(default)s" not in str(action.help)
    ):
        told.append(f"Default: ``{action.default}``.")
    return [f".. option:: {head}", "", *(f"   {line}\n" for line in told), ""]


def value_of(action: argparse.Action) -> str:
    """Return what follows an option, as SIZE; nothing for a switch."""
    if action.nargs == 0:
        return ""
    name = action.metavar or (action.dest.rpartition(".")[2]).replace("-", "_").upper()
    name = " ".join(name) if isinstance(name, tuple) else str(name)
    return f"{name} ..." if action.nargs in ("*", "+") else name


def literal(text: str) -> str:
    """Return help as it is to be read: no markup of it is meant."""
    plain = " ".join(text.replace("%%", "%").split())
    escaped = re.sub(r"([*|_\\])", r"\\\1", plain)
    return re.sub(r"\b[a-z]+://[^\s,;)]*", r"``\g<0>``", escaped)
