"""What we rely on in Twisted: public names alone, and none of its own taken by us."""

import ast
import inspect
from typing import Any

import pytest
from twisted.web.http import HTTPChannel
from twisted.web.server import Request, Site

from broadcast.web import channel, site, visit

SUBCLASSES = [
    (channel, channel.Channel, HTTPChannel),
    (visit, visit.Visit, Request),
    (site, site.HttpSite, Site),
    (site, site.WebSite, Site),
]


def _names(made: ast.ClassDef) -> tuple[set[str], set[str]]:
    """Return the private names that a class defines, and those of its own it uses."""
    defined: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(made):
        if isinstance(node, ast.FunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {t.id for t in targets if isinstance(t, ast.Name)}
            defined |= {t.attr for t in targets if isinstance(t, ast.Attribute)}
        elif isinstance(node, ast.Attribute):
            used.add(node.attr)
    return _private(defined), _private(used)


def _private(names: set[str]) -> set[str]:
    return {name for name in names if name[:1] == "_" and name[:2] != "__"}


@pytest.mark.parametrize(("module", "ours", "theirs"), SUBCLASSES)
def test_twisteds_private_names_are_its_own(
    module: Any, ours: type[Any], theirs: type[Any]
) -> None:
    """A new Twisted may rename them, or take one of ours: then this says which."""
    tree = ast.parse(inspect.getsource(module))
    found = next(
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == ours.__name__
    )
    defined, used = _names(found)
    assert defined
    assert used - defined == set()
    source = "".join(inspect.getsource(one) for one in theirs.__mro__[:-1])
    taken = {node.attr for node in ast.walk(ast.parse(source)) if hasattr(node, "attr")}
    assert defined & (taken | set(dir(theirs))) == set()
