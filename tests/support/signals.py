"""Signals as a program expects them, whatever the parent has made of them."""

import signal


def restore() -> None:
    """Ignore and block nothing that the tests send, nor what they start.

    A shell ignores SIGINT for what it runs in the background, ``nohup`` ignores SIGHUP,
    and a program that is started inherits what is ignored and blocked.
    """
    for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGUSR2"):
        number = getattr(signal, name, None)  # Windows has not all of them
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            is_int = number == signal.SIGINT
            handler = signal.default_int_handler if is_int else signal.SIG_DFL
            signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
