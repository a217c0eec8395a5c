"""Names of files are printed so that nothing in them hides or commands the terminal."""

import shutil

import pytest

from dedup._base.text import printable


@pytest.mark.thorough
@pytest.mark.parametrize("hidden", [*"\u200e\u200b\u2060\ufeff\u202e\u3164\U000e0041\U000e0100"])
def test_what_can_not_be_seen_of_a_name_is_escaped(run, here, hidden):
    name = f"co{hidden}py.png"
    shutil.copy("p/300.png", f"p/{name}")
    _, out, err = run("find", "p")
    assert hidden not in out + err
    assert f"co{hidden.encode('unicode_escape').decode()}py.png" in out


def test_letters_of_all_scripts_and_spaces_are_shown():
    name = "Ελλάδα 日本語 عربي हिन्दी \N{NARROW NO-BREAK SPACE}PM é \N{GRINNING FACE}\ufe0f.png"
    assert printable(name) == name
