"""Databases: tables, views and queries, in a promised order, read and never written."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.data.making import assert_helpful

from luthier.core.errors import DataError, LuthierError, SetupError
from luthier.data.prepare import prepare
from luthier.data.sources import database, is_local, moved, read_source, shown, title
from luthier.data.sources.statement import check_reads_only, is_ordered
from luthier.recipe.schema import Data

ROWS = [
    ("The lamp broke on the second day", "bad", 1.5),
    ("Bright, quiet and cheap", "good", None),
    ("灯很亮，很满意", "good", 4.0),
    (None, "bad", 2.0),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as store:
        store.execute("CREATE TABLE reviews (text TEXT, label TEXT, price REAL)")
        store.executemany("INSERT INTO reviews VALUES (?, ?, ?)", ROWS)
        store.execute("CREATE VIEW praise AS SELECT text, label FROM reviews WHERE label = 'good'")
        store.execute("CREATE TABLE keyed (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        store.executemany("INSERT INTO keyed VALUES (?, ?)", [("b", "two"), ("a", "one")])
        store.execute("CREATE TABLE empty (text TEXT)")
        store.execute('CREATE TABLE "order" ("group" TEXT, "group text" TEXT)')
        store.execute("""INSERT INTO "order" VALUES ('a', 'b')""")
    store.close()
    return tmp_path


def read(folder: Path, asked: str):
    return read_source(f"sqlite:///shop.db{asked}", base_dir=folder)


def test_a_table_comes_as_it_is(folder):
    raw = read(folder, "#reviews")
    assert raw.rows.rows() == ROWS
    assert raw.notes == []
    assert raw.name == "sqlite:///shop.db#reviews"


@pytest.mark.parametrize(("asked", "texts", "noted"), [
    ("#praise", [ROWS[1][0], ROWS[2][0]], True),
    ("#keyed", ["one", "two"], False),
    ("#SELECT text FROM reviews WHERE price > 1 ORDER BY price DESC;",
     [ROWS[2][0], None, ROWS[0][0]], False),
    ("#SELECT text FROM reviews LIMIT 1", [ROWS[0][0]], True),
    ("#WITH t AS (SELECT text FROM reviews ORDER BY 1) SELECT count(*) AS text FROM t", [4], True),
    ("# SELECT text FROM reviews WHERE text LIKE '%;drop%' OR label = 'good' ORDER BY rowid",
     [ROWS[1][0], ROWS[2][0]], False),
])  # fmt: skip
def test_what_may_be_asked_and_whether_its_order_is_promised(folder, asked, texts, noted):
    raw = read(folder, asked)
    assert raw.rows["text"].to_list() == texts
    assert bool(raw.notes) is noted


def test_names_that_sql_knows_are_quoted(folder):
    assert read(folder, "#order").rows.to_dicts() == [{"group": "a", "group text": "b"}]


def test_columns_of_the_same_name_are_told_apart(folder):
    raw = read(folder, "#SELECT text, label AS text FROM reviews ORDER BY rowid")
    assert raw.rows.columns == ["text", "text_2"]
    assert "text_2" in raw.notes[0]


@pytest.mark.parametrize("query", [
    "DELETE FROM reviews", "UPDATE reviews SET text = ''", "DROP TABLE reviews",
    "SELECT 1; DROP TABLE reviews", "INSERT INTO reviews VALUES ('a', 'b', 1)",
    "WITH t AS (SELECT 1) DELETE FROM reviews", "PRAGMA journal_mode = WAL",
    "ATTACH DATABASE 'other.db' AS other", "SELECT text INTO copy FROM reviews", "VACUUM INTO 'x'",
    "/* SELECT */ DROP TABLE reviews", "CREATE TABLE more (a)",
])  # fmt: skip
def test_nothing_is_ever_written(folder, query):
    before = hashlib.sha256((folder / "shop.db").read_bytes()).digest()
    with pytest.raises(DataError) as caught:
        read(folder, f"#{query}")
    assert_helpful(caught.value, "shop.db")
    assert "reading alone" in caught.value.render()
    assert hashlib.sha256((folder / "shop.db").read_bytes()).digest() == before
    assert {path.name for path in folder.iterdir()} == {"shop.db"}


def test_the_connection_itself_cannot_write(folder, monkeypatch):
    monkeypatch.setattr(database, "check_reads_only", lambda *_: None)
    with pytest.raises(DataError, match="readonly"):
        read(folder, "#DELETE FROM reviews")


@pytest.mark.parametrize("query", [
    "SELECT a FROM t WHERE note = 'drop; delete'", 'SELECT "update" FROM t',
    "SELECT a -- into nothing\nFROM t;", "with x as (select 1) select * from x ;\n",
])  # fmt: skip
def test_words_in_texts_names_and_comments_are_no_commands(query):
    check_reads_only(query, "db")


@pytest.mark.parametrize(("query", "ordered"), [
    ("SELECT a FROM t ORDER BY a", True), ("select a from t order\n by a limit 3", True),
    ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False),
    ("SELECT row_number() OVER (PARTITION BY b ORDER BY a) FROM t", False),
    ("SELECT 'order by' FROM t", False), ("SELECT a FROM t -- order by a", False),
])  # fmt: skip
def test_the_order_of_a_whole_query(query, ordered):
    assert is_ordered(query) is ordered


@pytest.mark.parametrize(("spec", "says"), [
    ("sqlite:///shop.db#review", "Did you mean 'reviews'"),
    ("sqlite:///shop.db", "empty, keyed, order, praise, reviews"),
    ("sqlite:///shop.db#empty", "no rows"),
    ("sqlite:///shop.db#SELECT stars FROM reviews", "no such column: stars"),
    ("sqlite:///shp.db#reviews", "Did you mean 'shop.db'"),
    ("sqlite:///text.db#reviews", "not a database"),
    ("sqlit:///shop.db#reviews", "Did you mean 'sqlite'"),
    ("s3://bucket/key.csv", "no kind of database"),
])  # fmt: skip
def test_what_is_not_there_is_refused_with_what_is(folder, spec, says):
    (folder / "text.db").write_text("this is a letter, not a database\n" * 40)
    before = set(folder.iterdir())
    with pytest.raises(LuthierError) as caught:
        read_source(spec, base_dir=folder)
    assert says in caught.value.render()
    assert caught.value.hint
    assert set(folder.iterdir()) == before


def test_a_missing_driver_is_named(tmp_path):
    with pytest.raises(SetupError, match="oracledb") as caught:
        read_source("oracle+oracledb://scott:tiger@host/db#reviews", base_dir=tmp_path)
    assert "pip install 'oracledb'" in caught.value.render()
    with pytest.raises(SetupError, match="duckdb-engine"):
        read_source("duckdb:///shop.duckdb#reviews", base_dir=tmp_path)


SECRET = "s3cr%40t"


@pytest.mark.parametrize("spec", [
    f"oracle+oracledb://ann:{SECRET}@host/db#reviews", f"nosuch://ann:{SECRET}@host/db#reviews",
    f"postgresql://ann:{SECRET}@host:notaport/db#reviews",
    f"duckdb:///x?motherduck_token={SECRET}#reviews",
])  # fmt: skip
def test_a_password_is_never_shown(tmp_path, spec):
    with pytest.raises(LuthierError) as caught:
        read_source(spec, base_dir=tmp_path)
    told = f"{caught.value.render()} {caught.value.fields} {shown(spec)}"
    assert SECRET not in told
    assert "s3cr@t" not in told


def test_a_name_is_made_of_the_table_or_the_database():
    assert title(f"mysql://ann:{SECRET}@host/shop#reviews[:10]") == "reviews"
    assert title(f"mysql://ann:{SECRET}@host/shop#SELECT a FROM b") == "shop"


def test_a_slice_stops_reading_early(folder, monkeypatch):
    with sqlite3.connect(folder / "shop.db") as store:
        store.execute("CREATE TABLE many (text TEXT)")
        store.executemany("INSERT INTO many VALUES (?)", [(f"row {n}",) for n in range(400)])
    store.close()
    monkeypatch.setattr(database, "CHUNK", 50)
    monkeypatch.setitem(database.STREAM, "yield_per", 50)
    seen = []
    monkeypatch.setattr(database, "_plain", lambda cell: seen.append(cell) or cell)
    raw = read(folder, "#many[20:70]")
    assert raw.rows["text"].to_list() == [f"row {n}" for n in range(20, 70)]
    assert len(seen) == 70
    seen.clear()
    assert len(read(folder, "#many[~10]").rows) == 10
    assert len(seen) == 400


def test_values_that_only_drivers_have_become_plain_ones():
    cells = [Decimal("3"), Decimal("2.5"), memoryview(b"ab"), {"a": ["b"]}, {"x"}, None]
    assert list(map(database._plain, cells)) == [3, 2.5, b"ab", '{"a": ["b"]}', "{'x'}", None]
    moment = datetime(2024, 5, 1)
    assert database._plain(moment) is moment


def test_chunks_of_other_types_become_one_column(folder, monkeypatch):
    monkeypatch.setattr(database, "CHUNK", 1)
    monkeypatch.setitem(database.STREAM, "yield_per", 1)
    raw = read(folder, "#SELECT 1 AS v UNION ALL SELECT 'a' UNION ALL SELECT 2.5")
    assert raw.rows["v"].to_list() == ["1", "a", "2.5"]


def test_the_digest_is_of_the_values(folder):
    first = read(folder, "#reviews").sha256
    assert read(folder, "#SELECT * FROM reviews ORDER BY rowid").sha256 == first
    with sqlite3.connect(folder / "shop.db") as store:
        store.execute("UPDATE reviews SET price = 9 WHERE rowid = 2")
    store.close()
    assert read(folder, "#reviews").sha256 != first


def test_a_recipe_in_another_folder_finds_the_same_file(tmp_path):
    there = moved("sqlite:///data/shop.db#reviews", tmp_path, tmp_path / "sub")
    assert there == "sqlite:///../data/shop.db#reviews"
    assert not is_local(there)
    assert (
        moved("sqlite:////srv/shop.db#t", tmp_path, tmp_path / "sub") == "sqlite:////srv/shop.db#t"
    )
    assert moved("mysql://h/db#t", tmp_path, tmp_path / "sub") == "mysql://h/db#t"


def test_a_table_is_prepared_like_a_file(folder):
    with sqlite3.connect(folder / "shop.db") as store:
        for number in range(30):
            label = ("good", "bad")[number % 2]
            row = (f"{label} lamp number {number} arrived on day {number * 7}", label, number)
            store.execute("INSERT INTO reviews VALUES (?, ?, ?)", row)
    store.close()
    prepared = prepare(Data(train="sqlite:///shop.db#reviews"), base_dir=folder)
    assert prepared.card["rows_in"] == 34
    lost = prepared.ledger.filter(operator="missing", action="dropped")
    assert lost.select("source", "row").rows() == [("sqlite:///shop.db#reviews", 3)]
