"""The textbook loop: what a Twisted tutorial would have you write.

``python -m benchmarks.textbook`` prints the port it chose. A backlog of 4096, so that
storms are about the loop, not about Twisted's default of 50.
"""

from typing import Any

from twisted.internet import protocol
from twisted.protocols.basic import LineReceiver


class Chatter(LineReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1 << 16

    def __init__(self, others: set["Chatter"]) -> None:
        self.others = others

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        self.others.add(self)

    def lineReceived(self, line: bytes) -> None:
        for other in self.others:
            if other is not self:
                other.sendLine(line)  # type: ignore[no-untyped-call]  # Twisted's

    def connectionLost(self, reason: object = None) -> None:
        self.others.discard(self)


class Chat(protocol.Factory):
    noisy = False

    def __init__(self) -> None:
        self.everybody: set[Chatter] = set()

    def buildProtocol(self, addr: object) -> Chatter:
        return Chatter(self.everybody)


def main() -> None:
    from twisted.internet import reactor as installed

    reactor: Any = installed  # it is typed as a module
    port = reactor.listenTCP(0, Chat(), interface="127.0.0.1", backlog=4096)
    print(f"listening on 127.0.0.1:{port.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
