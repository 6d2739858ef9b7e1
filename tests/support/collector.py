"""``twist`` without the collector of cycles; SIGUSR2 tells what it would find."""

import gc
import os
import signal
from collections import Counter

from twisted.application.twist._twist import Twist


def _tell(*_: object) -> None:
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    kinds = Counter(type(item).__name__ for item in gc.garbage)
    line = f"in cycles: {len(gc.garbage)} {dict(kinds.most_common(10))}\n"
    os.write(1, line.encode())  # standard output is the log's by now
    gc.set_debug(0)
    gc.garbage.clear()
    gc.collect()


if __name__ == "__main__":
    gc.disable()
    signal.signal(signal.SIGUSR2, _tell)
    Twist.main()
