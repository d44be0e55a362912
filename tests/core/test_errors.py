from __future__ import annotations

import pickle

import pytest

from luthier.core import errors
from luthier.core.errors import DataError, Interrupted, LuthierError, RunError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, LuthierError)
]


def missing_column() -> DataError:
    return DataError(
        "There is no column '{wanted}'; the columns are: {columns}.",
        hint="Did you mean '{near}'?",
        where="news.csv, row 7",
        wanted="txet",
        columns="text, label",
        near="text",
    )


def test_message_place_and_hint_are_lines_in_this_order() -> None:
    assert missing_column().render("en").splitlines() == [
        "There is no column 'txet'; the columns are: text, label.",
        "  --> news.csv, row 7",
        "hint: Did you mean 'text'?",
    ]


def test_chinese_translates_the_words_and_keeps_the_values() -> None:
    message, place, hint = missing_column().render("zh").splitlines()
    assert message == "没有名为 'txet' 的列；现有的列：text, label。"
    assert place == "  --> news.csv, row 7"
    assert hint.startswith("提示：")
    assert hint.endswith("是不是指 'text'？")


def test_without_place_and_hint_there_is_one_line() -> None:
    assert DataError("The file is empty.").render("zh") == "文件是空的。"


def test_the_exception_itself_is_in_english_whatever_the_user_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LUTHIER_LANG", "zh")
    error = DataError("The file is empty.")
    assert str(error) == "The file is empty."
    assert error.render() == "文件是空的。"


def test_braces_in_a_value_are_not_fields() -> None:
    error = DataError("There is no file or folder '{spec}'.", spec="{other}")
    assert error.render("en") == "There is no file or folder '{other}'."


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_exit_code_is_2_except_for_what_the_user_stopped(kind: type[LuthierError]) -> None:
    assert kind("The file is empty.").exit_code == (130 if kind is Interrupted else 2)


def test_an_error_comes_whole_out_of_another_process() -> None:
    error = pickle.loads(pickle.dumps(missing_column()))
    assert type(error) is DataError
    assert error.render("zh") == missing_column().render("zh")


def test_a_missing_field_is_refused_where_the_error_is_made() -> None:
    with pytest.raises(KeyError, match="pid"):
        RunError("The run is being written by process {pid}.", other=1)
