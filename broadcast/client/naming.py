"""What can be no name, as far as that is known without asking the server."""

RULE = "a name is 1 to 32 letters, digits, _ - or ., beginning with a letter or digit"


def is_word(name: str) -> bool:
    """Whether it is one word, without which ``/name`` would not be understood."""
    return name.isprintable() and len(name.split()) == 1 and name == name.strip()
