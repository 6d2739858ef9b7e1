"""The rows: each option has all that its readers need."""

import pytest

from broadcast.base import values
from broadcast.base.rows import Group, OnReload, Option
from broadcast.options import OPTIONS, PROGRAM


@pytest.mark.parametrize(
    ("default", "default_is", "told"),
    [
        ("8", "", "It does. Default: 8."),
        ("", "", "It does."),
        ("", "twice that", "It does. Default: twice that."),
    ],
)
def test_the_help_says_what_it_does_then_the_default(
    default: str, default_is: str, told: str
) -> None:
    """An option that is off or empty by default has no default in the help."""
    option = Option(
        values.text, "It does.", Group.LOG, "X", default, default_is, name="max-line"
    )
    assert option.description == told
    assert option.field == "max_line"


def test_a_flag_is_off_by_default_without_a_word() -> None:
    """What is repeated, though, says so."""
    flag = Option(values.flag, "It does.", Group.LOG, default="no")
    assert (flag.is_flag, flag.description) == (True, "It does.")
    again = Option(values.several, "It does.", Group.LOG, is_repeated=True)
    assert again.description == "It does. May be given again."


@pytest.mark.parametrize("option", OPTIONS + PROGRAM, ids=lambda option: option.name)
def test_each_row_is_whole(option: Option) -> None:
    """It begins with a capital and ends with a full stop; a value has a unit."""
    assert option.help[0].isupper()
    assert option.help.endswith(".")
    assert "  " not in option.help
    assert option.is_flag == (option.unit == "")
    assert not (option.default and option.default_is)


def test_only_values_change_and_only_files_are_read() -> None:
    """What SIGHUP does with an option is possible for one of its kind."""
    for option in OPTIONS:
        if option.on_reload in (OnReload.REREADS, OnReload.REOPENS):
            assert option.unit == "FILE"
