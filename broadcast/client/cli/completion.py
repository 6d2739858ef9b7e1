"""The completions of ``bcast-client`` for bash, zsh and fish, made from the options."""

from collections.abc import Iterable
from dataclasses import dataclass

from broadcast.client.cli.arguments import COMMANDS, flags, options_of

_BASH = """\
# bcast-client completion for bash: source <(bcast-client completion bash)
_bcast_client() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
{values}
        {files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
        *) case "${{COMP_WORDS[1]}}" in
{cases}
            *) words="{commands} --help --version" ;;
        esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _bcast_client bcast-client
"""

_ZSH = """\
#compdef bcast-client
# bcast-client completion for zsh: source <(bcast-client completion zsh)
_bcast_client() {{
    case "${{words[CURRENT-1]}}" in
{values}
        {files}) _files; return ;;
    esac
    case "${{words[2]}}" in
{cases}
        *) compadd -- {commands} --help --version ;;
    esac
}}
compdef _bcast_client bcast-client
"""


@dataclass(frozen=True, slots=True)
class Words:
    """The words that a shell completes to.

    Attributes:
        after: each command with the words that may follow it.
        values: each option that has few values, with them.
        files: the options whose value is a file.
    """

    after: dict[str, list[str]]
    values: dict[str, tuple[str, ...]]
    files: list[str]


def find_words() -> Words:
    """All words of the command line."""
    found = Words({}, {}, [])
    for command, _ in COMMANDS:
        words = found.after[command] = ["-h", "--help"]
        for given in options_of(command):
            named = flags(given, command)
            words += named or given.option.choices
            words += [f"--no-{given.key}"] if given.option.is_switch else []
            if named and given.option.choices:
                found.values[f"--{given.key}"] = given.option.choices
            if given.option.is_file and f"--{given.key}" not in found.files:
                found.files.append(f"--{given.key}")
    return found


def script_for(shell: str) -> str:
    """The completion script for ``bash``, ``zsh`` or ``fish``."""
    words = find_words()
    if shell == "fish":
        return _fish(words)
    case, value, script = {
        "bash": ('            {}) words="{}" ;;', '        {}) words="{}" ;;', _BASH),
        "zsh": (
            "        {}) compadd -- {} ;;",
            "        {}) compadd {}; return ;;",
            _ZSH,
        ),
    }[shell]
    return script.format(
        cases=_lines(case, words.after.items()),
        values=_lines(value, words.values.items()),
        files="|".join(words.files),
        commands=" ".join(words.after),
    )


def _lines(form: str, table: Iterable[tuple[str, Iterable[str]]]) -> str:
    return "\n".join(form.format(word, " ".join(more)) for word, more in table)


def _fish(words: Words) -> str:
    head = "complete -c bcast-client"
    lines = [
        "# bcast-client completion for fish: bcast-client completion fish | source",
        f"{head} -f",
        f"{head} -n __fish_use_subcommand -a '{' '.join(words.after)}'",
    ]
    for command, after in words.after.items():
        seen = f"{head} -n '__fish_seen_subcommand_from {command}'"
        lines += [f"{seen} {_fish_word(word, words)}" for word in after]
    return "\n".join(lines) + "\n"


def _fish_word(word: str, words: Words) -> str:
    """How fish is told of a word: of its kind, and of the values that follow it."""
    if not word.startswith("-"):
        return f"-a {word}"
    if not word.startswith("--"):
        return f"-s {word[1:]}"
    if word in words.values:
        return f"-l {word[2:]} -xa '{' '.join(words.values[word])}'"
    return f"-l {word[2:]} -rF" if word in words.files else f"-l {word[2:]}"
