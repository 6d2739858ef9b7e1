"""The composed cluster: its own files, run here without an engine."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from broadcast.options import choose
from broadcast.sources import read_environment
from soak.servers import Server, free_ports, program
from tests.integration.test_nats import ASYNCIO, join
from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import LineClient

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.cluster.yaml").read_text("utf-8")
CONFIG = (ROOT / "nats-cluster.conf").read_text("utf-8")

Connect = Callable[[Daemon], LineClient]


def variables(service: str) -> dict[str, str]:
    """Return the environment of a service."""
    [text] = re.findall(rf"^  {service}:.*\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    return dict(re.findall(r'^      ([A-Z_]+): "?([^"\n]+)"?$', text, re.MULTILINE))


def services(of: str) -> list[str]:
    """Return the names of the services of a kind."""
    [text] = re.findall(r"^services:\n((?:  .*\n|\n)+)", COMPOSE, re.MULTILINE)
    return re.findall(rf"^  ({of}-\d):", text, re.MULTILINE)


class Configured(Server):
    """A server with the very configuration of the composed one, but for places."""

    def __init__(
        self, name: str, folder: Path, port: int, route: int, hosts: dict[str, str]
    ) -> None:
        super().__init__(folder, int(name[-1]), port)
        text = CONFIG.replace("$SERVER_NAME", variables(name)["SERVER_NAME"])
        text = text.replace("0.0.0.0:4222", f"127.0.0.1:{port}")
        text = text.replace("0.0.0.0:6222", f"127.0.0.1:{route}")
        text = text.replace("/data", str(self.folder / "data"))
        self._config.write_text(placed(text, hosts))


def placed(text: str, hosts: dict[str, str]) -> str:
    """Return a text with the services' addresses on this machine."""
    for name, where in hosts.items():
        text = text.replace(name, where)
    assert not re.search(r"nats-\d:", text)
    return text


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start the three servers; return which address stands for which."""
    names = services("nats")
    assert names == ["nats-1", "nats-2", "nats-3"]
    ports = free_ports(2 * len(names))
    own, routes = ports[: len(names)], ports[len(names) :]
    found: dict[str, str] = {}
    for name, port, route in zip(names, own, routes, strict=True):
        found[f"{name}:4222"] = f"127.0.0.1:{port}"
        found[f"{name}:6222"] = f"127.0.0.1:{route}"
    folder = tmp_path_factory.mktemp("composed")
    with ExitStack() as stack:
        servers = [
            Configured(name, folder, port, route, found)
            for name, port, route in zip(names, own, routes, strict=True)
        ]
        for server in servers:
            stack.callback(server.kill)
            server.start()
        for server in servers:
            server.wait()
        yield found


def test_the_composed_daemons_have_options_that_there_are() -> None:
    """Each has a name of its own, all servers, and time to end."""
    rooms = services("room")
    assert rooms == ["room-1", "room-2"]
    for name in rooms:
        settings, faults = choose({}, variables=read_environment(variables(name)))
        assert faults == []
        assert settings.node == name
        assert len(set(settings.nats)) == 3
        grace = int(re.findall(r"stop_grace_period: (\d+)s", COMPOSE)[0])
        assert grace >= settings.lame_duck + settings.drain + 5
    mounted = set(re.findall(r"^      - (\w+-\d):/", COMPOSE, re.MULTILINE))
    assert mounted == {*services("nats"), *rooms}


def test_the_servers_take_their_configuration() -> None:
    """As it is in the sources, with the name that each is given."""
    found = program()
    assert found is not None
    for name in services("nats"):
        done = subprocess.run(
            [found, "-t", "-c", str(ROOT / "nats-cluster.conf")],
            env=variables(name),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "is valid" in done.stderr


def test_the_composed_cluster_is_one_room(
    hosts: dict[str, str], connect: Connect
) -> None:
    """Its servers find each other, and its daemons are one room."""
    with ExitStack() as stack:
        clients: list[LineClient] = []
        for name in services("room"):
            given = variables(name) | {"BCASTD_WEB": "tcp:0:interface=127.0.0.1"}
            given |= {"BCASTD_LAME_DUCK": "0", "BCASTD_DRAIN": "0"}
            env = {key: placed(value, hosts) for key, value in given.items()}
            here = stack.enter_context(Daemon(env=env, twist=ASYNCIO))
            client = connect(here)
            join(client, name)
            clients.append(client)
        one, two = clients
        one.send("all of it")
        assert two.await_event("message")["text"] == "all of it"
        one.close()
        two.close()
