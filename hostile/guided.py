"""``python -m hostile.guided``: inputs led by coverage, with atheris.

Give libFuzzer's own options behind it: ``-runs=1000000 -max_total_time=600`` and a
folder that keeps what was found; ``python -m hostile.seeds FOLDER`` fills it first.
Needs ``pip install atheris``.
"""

import sys
import traceback

try:
    import atheris
except ImportError:
    sys.exit("hostile.guided: needs atheris: pip install atheris")

with atheris.instrument_imports(include=["broadcast", "wsproto", "twisted.web.http"]):
    from hostile.api import api_rooms
    from hostile.rooms import Arena, Failures, all_rooms, cut
    from hostile.web import web_rooms

REST_EVERY = 500


class Target:
    """Takes one input: a byte for the room and the ending, one for the cuts."""

    def __init__(self, rooms: list[Arena], failures: Failures) -> None:
        self._rooms = rooms
        self._failures = failures
        self._done = 0

    def __call__(self, data: bytes) -> None:
        """Give one input; raise what goes wrong."""
        if len(data) < 3:
            return
        self._done += 1
        room = self._rooms[data[0] % len(self._rooms)]
        state = data[1]

        def choose(below: int) -> int:
            nonlocal state
            state = (state * 5 + 3) % 256
            return state % below

        pieces = list(cut(data[2:], choose, 1 + data[1] % 4))
        room.run(pieces, f"192.0.2.{data[1]}", data[0] // 32)
        if self._done % REST_EVERY == 0:
            for each in self._rooms:
                each.rest()
        if self._failures.found:
            raise AssertionError(self._failures.found.pop())


def main() -> None:
    """Run until libFuzzer's options say that it is enough."""
    with Failures() as failures:
        target = Target([*all_rooms(), *web_rooms(), *api_rooms()], failures)
        atheris.Setup([*sys.argv, "-max_len=2048"], target)
        try:
            atheris.Fuzz()
        except Exception:
            traceback.print_exc()
            sys.exit(1)


if __name__ == "__main__":
    main()
