"""Check the prose of the docstrings in ``broadcast/``, and of the pages.

    python .ci/prose.py [FILE ...]

Four rules hold for docstrings. A sentence begins with a noun or a verb, not with
``Who``, ``What`` or their like. An ``Args:`` section has all arguments. Code is in
double backticks. There is no "See above". Strings behind an assignment count as
docstrings. Comments are not checked.

Four rules hold for pages (README.md, ``docs/*.md``). The first and the last of those
above; a sentence has at most ``LONGEST`` words, and at most one semicolon. Code, tables
and headings are not checked. Each fault is a line ``file:line: fault``, and the exit
code is 1.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

_FIRST: Final = re.compile(
    r"(who|what|whoever|whose|whom|somebody|someone|those who)\b(?!:)"
    # "One" may be a number: not before a verb, a relative pronoun or a preposition.
    r"|one (who|that|which|whose|is|was|has|may|can|must|should|without)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?:\A|\n\n|[.!?:;]\s)\s*")
_ENTRY: Final = re.compile(r" {4}([*\w]+(?:, [*\w]+)*): ")
_SINGLE: Final = re.compile(r"(?<!`)`(?!`)")

LONGEST: Final = 40
"""Words of a sentence on a page, at most."""

_NO_PROSE: Final = re.compile(r" {4}|\||#|<!--|!\[")
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ITEM: Final = re.compile(r"^\s*(?:[-*]|\d+\.) ")
_END: Final = re.compile(r"(?<=[.!?:])[)*\"']*\s+(?=[A-Z`*\"(])|(?<=:)\s")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the description of each fault in a module's text."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str() as doc)):
                yield from ((node.lineno, fault) for fault in faults_of(doc))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _omissions(node, node)
            case ast.ClassDef():
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                        yield from _omissions(node, inner)


def faults_of(doc: str) -> Iterator[str]:
    """Yield the faults of the words of one docstring."""
    doc = inspect.cleandoc(doc)
    for start in _SENTENCE.finditer(doc):
        if first := _FIRST.match(doc, start.end()):
            yield f"a sentence or an entry begins with {first[0]!r}"
    if _SINGLE.search(doc):
        yield "single backticks: code is in double ones"
    if "see above" in doc.lower():
        yield "'See above': name what is meant"


def _omissions(
    node: Function | ast.ClassDef, call: Function
) -> Iterator[tuple[int, str]]:
    """Yield a fault if the docstring of ``node`` has some arguments of ``call``."""
    _, has_section, section = (ast.get_docstring(node) or "").partition("\nArgs:\n")
    named = set()
    for line in section.partition("\n\n")[0].splitlines():
        if entry := _ENTRY.match(line):
            named |= {name.strip("* ") for name in entry[1].split(",")}
    given = call.args
    rest = [each for each in (given.vararg, given.kwarg) if each is not None]
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]
    missing = [each.arg for each in every if each.arg not in {"self", "cls", *named}]
    if has_section and missing:
        yield node.lineno, f"{node.name}: not under Args: {', '.join(missing)}"


def faults_of_page(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the description of each fault in a page of Markdown."""
    for line, paragraph in _paragraphs(text):
        if paragraph.startswith("On this page:"):
            continue
        plain = re.sub(r"`[^`]*`", "CODE", _LINK.sub(r"\1", paragraph))
        for sentence in _END.split(plain.replace("**", "")):
            first = _FIRST.match(sentence)
            if first and first[0][0].isupper():  # else a clause behind a colon
                yield line, f"a sentence begins with {first[0]!r}"
            if (count := len(sentence.split())) > LONGEST:
                start = " ".join(sentence.split()[:6])
                yield line, f"a sentence of {count} words: {start} …"
            if sentence.count(";") > 1:
                yield line, f"more than one semicolon in a sentence: {sentence[:40]} …"
        if re.search(r"see (?:above|below)", paragraph, re.IGNORECASE):
            yield line, "'see above' or 'see below': name what is meant"


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line, and the text, of each paragraph of prose."""
    start, lines, is_code = 0, list[str](), False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        is_fence = line.lstrip().startswith("```")
        is_code ^= is_fence
        is_prose = not (is_code or is_fence or not line.strip())
        is_prose = is_prose and not _NO_PROSE.match(line)
        if lines and (not is_prose or _ITEM.match(line)):
            yield start, " ".join(lines)
            lines = []
        if is_prose:
            start = start if lines else number
            lines.append(_ITEM.sub("", line).strip())


def main(files: Iterable[str]) -> int:
    """Print the faults of ``files``, or of the whole package; return the exit code."""
    chosen = list(files) or [
        path.as_posix()
        for path in (
            *sorted(Path("broadcast").rglob("*.py")),
            *Path().glob("README.md"),
            *sorted(Path("docs").glob("*.md")),
        )
    ]
    found = [
        f"{file}:{line}: {fault}"
        for file in chosen
        for line, fault in sorted(_check(file)(Path(file).read_text("utf-8")))
    ]
    print(f"prose: {len(chosen)} files, {len(found)} faults", *found, sep="\n")
    return 1 if found else 0


def _check(file: str) -> Callable[[str], Iterator[tuple[int, str]]]:
    return faults_of_page if file.endswith(".md") else faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
