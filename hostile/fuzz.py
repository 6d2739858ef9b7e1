"""``python -m hostile.fuzz``: inputs by our own grammar, into every kind of room.

Rooms for lines (TCP), for HTTP and WebSocket, and for lines over HTTP, each with inputs
of its own.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from typing import Final

from hostile.api import api_rooms
from hostile.frames import WebGrammar
from hostile.grammar import Grammar
from hostile.posts import PostGrammar
from hostile.rooms import Arena, Failures, all_rooms, cut
from hostile.web import web_rooms

REST_EVERY = 500
"""Inputs after which a room rests, and is looked at for leftovers."""

KINDS: Final = ("lines", "web", "http")

Station = tuple[Arena, Callable[[], bytes]]
"""A room, and what makes its inputs."""


def main() -> int:
    """Run the command; 1 if anything went wrong."""
    parser = argparse.ArgumentParser("hostile.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--minutes", type=float, help="stop after that many")
    given = parser.parse_args()
    began = time.monotonic()
    until = began + given.minutes * 60 if given.minutes else float("inf")
    done, wrong = run(given.inputs, given.seed, until, given.rooms)
    took = time.monotonic() - began
    print(
        f"{done} inputs, rooms {given.rooms}, seed {given.seed}, {wrong} exceptions,"
        f" {took:.0f} s, {done / took:.0f} a second"
    )
    return 1 if wrong else 0


def stations(grammar: Grammar, which: str) -> list[Station]:
    """Return rooms and their inputs; ``which``: a kind, or all."""
    found: list[Station] = []
    if which in ("lines", "all"):
        found += [(room, grammar.input) for room in all_rooms()]
    if which in ("web", "all"):
        web = WebGrammar(grammar)
        first, *others = web_rooms()
        found.append((first, web.for_http))
        found += [(room, web.for_websocket) for room in others]
    if which in ("http", "all"):
        posts = PostGrammar(grammar)
        found += [(room, posts.input) for room in api_rooms()]
    return found


def run(inputs: int, seed: int, until: float, which: str = "all") -> tuple[int, int]:
    """Give so many inputs; return how many were given, and how many went wrong."""
    grammar = Grammar(seed)
    rooms = stations(grammar, which)
    wrong = done = 0
    with Failures() as failures:
        for done in range(1, inputs + 1):
            number = done % len(rooms)
            room, make = rooms[number]
            data = make()
            below = grammar.random.randrange
            pieces = list(cut(data, below, 1 + below(6)))
            host = f"192.0.2.{below(250)}"
            ending = below(8)
            try:
                room.run(pieces, host, ending)
                if done % REST_EVERY < len(rooms):
                    room.rest()
            except Exception:
                failures.found.append(traceback.format_exc())
            if failures.found:
                wrong += len(failures.found)
                _report(failures.found, pieces, number, ending)
                failures.found.clear()
                if wrong > 20:
                    break
            if done % 1000 == 0 and time.monotonic() > until:
                break
            if done % 1_000_000 == 0:
                print(f"{done} inputs, {wrong} exceptions", flush=True)
    return done, wrong


def _report(found: list[str], pieces: list[bytes], room: int, ending: int) -> None:
    print(f"room {room}, ending {ending}, pieces {pieces!r}", file=sys.stderr)
    print("\n".join(found), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
