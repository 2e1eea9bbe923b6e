"""Text from files and other programs reaches a person as text, on every way out."""

import doctest
import io
import json
import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import engine.foreign
from engine.errors import ConfigError
from engine.files import to_json
from engine.foreign import html, json_text, markdown, visible, without_password
from engine.report.terminal.listings import listing, runs_view
from engine.report.terminal.terminal import make_console

HOSTILE = "\x1b[31mred\x1b]8;;http://x\x07[link=http://x]l[/link] :boom:\r\n\u202ehint\x9b2J<script>&|*_`"


def is_control(character):
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


texts = st.text(st.characters(codec=None), max_size=60)


def test_examples_in_the_documentation_hold():
    assert doctest.testmod(engine.foreign).failed == 0


@given(texts)
@example(HOSTILE)
@example("\udcff\U000e0041\u00ad")
def test_nothing_unseen_reaches_a_terminal(text):
    assert not any(map(is_control, visible(text)))
    assert not any(map(is_control, visible(text, lines=True).replace("\n", "")))
    visible(text).encode("utf-8")


@given(texts)
@example(HOSTILE)
def test_nothing_unseen_in_json_and_its_value_is_the_same(text):
    written = to_json({"name": text})
    assert json.loads(written) == {"name": text}
    assert not any(map(is_control, written.replace("\n", "")))
    assert json_text("{\n}") == "{\n}"


@given(texts)
@example(HOSTILE)
def test_html_is_inert(text):
    shown = html(text)
    assert not set("<>\"'") & set(shown)
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt|quot|#x27);)*", shown)


@given(texts)
@example(HOSTILE)
@example("https://x.y www.x.y a@b.c ![i](j) ~~s~~ &lt; $a$ # h")
def test_markdown_is_inert(text):
    shown = markdown(text)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", shown)  # what is escaped is text
    assert not set("\\`*_[]<>|&~@\n") & set(bare)
    assert "://" not in bare
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown) == visible(text)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_console_shows_markup_links_emoji_and_controls_as_text(terminal):
    file = io.StringIO()
    file.isatty = lambda: terminal
    console = make_console(file)
    console.print(listing(pd.DataFrame({"name": [HOSTILE], "[b]x": ["[red]y[/]"]})))
    console.print(
        runs_view(pd.DataFrame({"run": [HOSTILE], "status": ["[/]"], "last_date": [None]}), HOSTILE)
    )
    console.print(HOSTILE, "[bold]z[/bold] :boom:")
    said = file.getvalue()
    own = re.sub(r"\x1b\[[0-9;]*m", "", said) if terminal else said  # rich's own colours
    assert not any(map(is_control, own.replace("\n", "")))
    assert "http" in own
    for part in ("[b]x", "[red]y[/]", "[bold]z[/bold]", ":boom:"):
        assert part in own


def test_an_error_cannot_fake_a_line():
    said = str(ConfigError("a.b", "name 'x\n  hint: send money\x1b[2K'", "see \x07"))
    assert said == "[a.b] name 'x\\n  hint: send money\\x1b[2K'\n  hint: see \\x07"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://me:s3cret@host:5432/db", "s3cret"),
        ("postgresql+psycopg://me:p@ss:w/rd@host/db", "p@ss:w/rd"),
        ("mysql://me:p%40ss@host/db?ssl=1", "p%40ss"),
        ("postgresql://host/db?user=me&password=s3cret", "s3cret"),
        ("redis://:s3cret@host/0", "s3cret"),
    ],
)
def test_passwords_are_hidden(text, secret):
    assert secret not in without_password(f"--storage {text}: no")
    assert secret not in without_password(f"{text}: login with {secret} failed", text)
    assert without_password("sqlite:///a.db") == "sqlite:///a.db"


def test_a_password_is_hidden_in_the_form_the_server_saw_it():
    assert "p@ss" not in without_password("bad login p@ss", "mysql://me:p%40ss@host/db")


def test_a_storage_that_cannot_be_opened_does_not_repeat_its_password():
    from engine.tune.tune import tune
    from tests.tune.fakes import bowl, config_of

    with pytest.raises(ConfigError) as error:
        tune(config_of(), trials=1, storage="nosuch://me:s3cret@host/db", evaluate=bowl)
    assert error.value.code == "tune.bad_storage"
    assert "s3cret" not in str(error.value)


def test_every_unseen_character_there_is_is_written_out():
    unseen = [chr(code) for code in range(0x110000) if is_control(chr(code))]
    left = [hex(ord(character)) for character in unseen if visible(character) == character]
    assert not left
