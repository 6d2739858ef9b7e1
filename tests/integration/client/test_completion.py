"""Shell completions, run by the shells that this machine has."""

import shutil
import subprocess

import pytest

from tests.support.client.command import run_client


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_valid_and_whole(shell: str, home: str) -> None:
    """Each shell's script names every command and option; the shell parses it."""
    done = run_client("completion", shell, home=home)
    assert done.returncode == 0
    for word in ("connect", "send", "tail", "token-file", "no-follow", "bash zsh fish"):
        assert word in done.stdout.replace("-a bash\n", "-a bash zsh fish\n")
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    subprocess.run([program, "-n"], input=done.stdout, text=True, check=True)


def test_bash_completes(home: str) -> None:
    """In bash, the first word completes to a command, an option to its values."""
    script = run_client("completion", "bash", home=home).stdout
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    ask = 'COMP_WORDS=({}); COMP_CWORD={}; _bcast_client; echo "${{COMPREPLY[*]}}"\n'
    asked = ask.format("bcast-client t", 1)
    asked += ask.format("bcast-client connect --bell m", 3)
    asked += ask.format("bcast-client tail --no-f", 2)
    done = subprocess.run(
        [bash], input=script + asked, text=True, capture_output=True, check=True
    )
    assert done.stdout.splitlines() == ["tail", "mention", "--no-follow"]
