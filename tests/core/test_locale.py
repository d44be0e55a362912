from __future__ import annotations

import pytest

from luthier.core.locale import LANGUAGES, catalogue, current_language, translate

VARIABLES = ("LUTHIER_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def no_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("zh", "zh"),
        ("zh_CN.UTF-8", "zh"),
        ("ZH-hans", "zh"),
        ("en_US.UTF-8", "en"),
        ("C", "en"),
        ("de_DE", "en"),
    ],
)
def test_each_variable_sets_the_language(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, language: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert current_language() == language


@pytest.mark.parametrize("place", range(len(VARIABLES) - 1))
def test_the_earlier_variable_wins(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    monkeypatch.setenv(VARIABLES[place], "en")
    monkeypatch.setenv(VARIABLES[place + 1], "zh")
    assert current_language() == "en"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUTHIER_LANG", "")
    monkeypatch.setenv("LANG", "zh_CN")
    assert current_language() == "zh"


def test_english_where_nothing_is_set() -> None:
    assert current_language() == "en"


def test_the_users_language_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUTHIER_LANG", "zh")
    assert translate("Training") == "训练"


def test_a_language_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUTHIER_LANG", "zh")
    assert translate("Training", "en") == "Training"


def test_fields_are_filled_in_with_their_format() -> None:
    text = "Answering without a model would give {base:.3f}."
    assert translate(text, "en", base=1 / 3) == "Answering without a model would give 0.333."
    assert "0.333" in translate(text, "zh", base=1 / 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_translation_stays_and_is_still_filled_in(language: str) -> None:
    assert translate("Untranslated {what}.", language, what="words") == "Untranslated words."


@pytest.mark.parametrize("name", ["text", "language"])
def test_a_field_may_be_called_like_a_parameter(name: str) -> None:
    assert translate("<{" + name + "}>", "en", **{name: "x"}) == "<x>"


def test_a_language_without_catalogue_is_english() -> None:
    assert catalogue("fr") == {}
    assert translate("Training", "fr") == "Training"
