"""Shell completions: `bcast-client completion bash|zsh|fish` prints one to source."""

from broadcast.client.cli.arguments import option_words

_BASH = """\
# bcast-client completion for bash: source <(bcast-client completion bash)
_bcast_client() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
        --bell) words="off mention all" ;;
        --color) words="auto always never" ;;
        --ca|--config|--token-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
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
        --bell) compadd off mention all; return ;;
        --color) compadd auto always never; return ;;
        --ca|--config|--token-file) _files; return ;;
    esac
    case "${{words[2]}}" in
{cases}
        *) compadd -- {commands} --help --version ;;
    esac
}}
compdef _bcast_client bcast-client
"""


def script_for(shell: str) -> str:
    """The completion script for `bash`, `zsh` or `fish`."""
    table = option_words()
    commands = " ".join(table)
    if shell == "fish":
        return _fish(table)
    if shell == "zsh":
        cases = "\n".join(
            f"        {command}) compadd -- {' '.join(words)} ;;"
            for command, words in table.items()
        )
        return _ZSH.format(cases=cases, commands=commands)
    cases = "\n".join(
        f'            {command}) words="{" ".join(words)}" ;;'
        for command, words in table.items()
    )
    return _BASH.format(cases=cases, commands=commands)


def _fish(table: dict[str, list[str]]) -> str:
    head = "complete -c bcast-client"
    lines = [
        "# bcast-client completion for fish: bcast-client completion fish | source",
        f"{head} -f",
        f"{head} -n __fish_use_subcommand -a '{' '.join(table)}'",
    ]
    for command, words in table.items():
        seen = f"-n '__fish_seen_subcommand_from {command}'"
        for word in words:
            if word.startswith("--"):
                lines.append(f"{head} {seen} -l {word[2:]}")
            elif word.startswith("-"):
                lines.append(f"{head} {seen} -s {word[1:]}")
            else:
                lines.append(f"{head} {seen} -a {word}")
    return "\n".join(lines) + "\n"
