"""Recipes: text, files, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

import mcomp

TEXT = "prune.magnitude sparsity=0.8 scope=global; share.kmeans bits=4; encode.huffman"


def test_canonical_text_is_its_own_canonical_text() -> None:
    recipe = mcomp.Recipe("  prune.magnitude scope=layer   sparsity=0.80\n\nshare.kmeans bits=4;")
    assert recipe.text == "prune.magnitude sparsity=0.8; share.kmeans bits=4"
    assert mcomp.Recipe(recipe.text).text == recipe.text


def test_equality_hash_and_looks() -> None:
    one, same = mcomp.Recipe(TEXT), mcomp.Recipe(TEXT.replace("; ", "\n"))
    other = mcomp.Recipe("store.dense")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != TEXT
    assert str(one) == one.text == TEXT
    assert eval(repr(one)) == one


@pytest.mark.parametrize(
    "content",
    [
        f'recipe = "{TEXT}"',
        f'name = "n"\nsummary = "s"\nrecipe = "{TEXT}"\n[evidence]\ntop1 = 98.5',
        """
        [[pass]]
        name = "prune.magnitude"
        sparsity = 0.8
        scope = "global"
        [[pass]]
        name = "share.kmeans"
        bits = 4
        [[pass]]
        name = "encode.huffman"
        """,
    ],
)
@pytest.mark.parametrize("kind", [str, Path])
def test_files_say_the_same(tmp_path: Path, content: str, kind: type) -> None:
    path = tmp_path / "r.toml"
    path.write_text(content)
    assert mcomp.Recipe(kind(path)).text == TEXT


def test_lists_of_globs(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('[[pass]]\nname = "quantize.weights"\nskip = ["conv1", "ip*"]\n')
    assert mcomp.Recipe(path).text == "quantize.weights skip=conv1,ip*"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "recipe"),
        ('recipe = "store.dense"\n[[pass]]\nname = "store.dense"', "either"),
        ("recipe = 3", "recipe must be text"),
        ('recipe = "store.dense"\ncolour = 1', "'colour'"),
        ('recipe = "store.sparse"', "store.sparse"),
        ("pass = 3", "pass"),
        ('[pass]\nname = "store.dense"', "pass"),
        ("[[pass]]\nbits = 3", "pass 1: name"),
        ('[[pass]]\nname = "store.dense"\n[[pass]]\nname = 3', "pass 2: name"),
        ('[[pass]]\nname = "share.kmeans"\nbits = true', "bits"),
        ('[[pass]]\nname = "share.kmeans"\nbits = "4; store.dense"', "bits"),
        ('[[pass]]\nname = "share.kmeans"\nbits = 99', "bits"),
        ('[[pass]]\nname = "share.kmeans"\nbits = nan', "bits"),
        ('[[pass]]\nname = "share.kmeans"\nbits = {a = 1}', "bits"),
        ('[[pass]]\nname = ""', "name"),
        ("recipe = 1 2", "line 1"),
        (b'recipe = "\xff"', "utf-8"),
        ('recipe = "a\\u0000b"', "NUL"),
    ],
)
def test_wrong_files_name_file_and_key(tmp_path: Path, content: str | bytes, words: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(mcomp.InvalidArgument) as caught:
        mcomp.Recipe(path)
    message = str(caught.value)
    assert "wrong.toml" in message
    assert words in message
    assert "\n" not in message


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.toml"):
        mcomp.Recipe(tmp_path / "none.toml")
    with pytest.raises(mcomp.IoError):
        mcomp.Recipe(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "pass"),
        (";;\n", "pass"),
        ("prune", "prune.magnitude"),
        ("prune.magnitude", "sparsity"),
        ("prune.magnitude sparsity=1.5", "1.5"),
        ("prune.magnitude sparsity=nan", "sparsity"),
        ("prune.magnitude sparsity=half", "half"),
        ("prune.magnitude sparsity=0.5 sparsity=0.5", "twice"),
        ("prune.magnitude sparsity=0.5 colour=red", "colour"),
        ("prune.magnitude sparsity=0.5 scope=some", "layer"),
        ("share.kmeans bits", "bits"),
    ],
)
def test_wrong_texts_say_what_is_known(text: str, words: str) -> None:
    with pytest.raises(mcomp.InvalidArgument) as caught:
        mcomp.Recipe(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_things_that_are_no_recipe(lenet5: mcomp.Model) -> None:
    for bad in (None, 3, ["store.dense"], b"store.dense"):
        with pytest.raises(mcomp.InvalidArgument):
            mcomp.Recipe(bad)
        with pytest.raises(mcomp.InvalidArgument):
            lenet5.compress(bad)


def test_compress_takes_every_form(lenet5: mcomp.Model, tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f'recipe = "{TEXT}"')
    made = [lenet5.compress(form) for form in (TEXT, mcomp.Recipe(TEXT), path, str(path))]
    assert {model.recipe for model in made} == {TEXT}


def test_a_recipe_outlives_its_context(lenet5: mcomp.Model) -> None:
    with mcomp.Context(threads=1) as context:
        recipe = mcomp.Recipe(TEXT, context=context)
    assert lenet5.compress(recipe).recipe == TEXT
