"""What we rely on in Twisted: public names alone, and none of its own taken by us."""

import ast
import inspect
import sys
from typing import Any

import pytest
from twisted.web.http import HTTPChannel
from twisted.web.server import Request, Site

from broadcast.web import channel, site, visit

SUBCLASSES = [
    (channel.Channel, HTTPChannel),
    (visit.Visit, Request),
    (site.HttpSite, Site),
]


def _definition(made: type[Any]) -> ast.ClassDef:
    """Return a class as its module's source has it: 3.13 has lost some of Twisted's."""
    tree = ast.parse(inspect.getsource(sys.modules[made.__module__]))
    return next(
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == made.__name__
    )


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


@pytest.mark.parametrize(("ours", "theirs"), SUBCLASSES)
def test_twisteds_private_names_are_its_own(ours: type[Any], theirs: type[Any]) -> None:
    """A new Twisted may rename them, or take one of ours: then this says which."""
    defined, used = _names(_definition(ours))
    assert defined
    assert used - defined == set()
    taken = {
        node.attr
        for one in theirs.__mro__
        if one.__module__.startswith("twisted.")
        for node in ast.walk(_definition(one))
        if isinstance(node, ast.Attribute)
    }
    assert defined & (taken | set(dir(theirs))) == set()
