"""study.toml is checked before anything is measured; keys recognise what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from study_support import TINY, write_study

import mcomp
from mcomp.study.grid import read_study
from mcomp.study.tasks import Place, key_of, model_checksum, plan_tasks


def test_reads_everything(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path))
    assert [model.label for model in study.models] == ["lenet5"]
    assert [(r.label, r.text) for r in study.recipes] == [
        ("as it is", "store.dense"),
        ("half", mcomp.Recipe("store.float dtype=float16").text),
    ]
    assert study.devices == ("cpu",)
    assert study.threads == (1,)
    assert study.seeds == (0,)
    assert (study.data.accuracy, study.data.limit) == ("mnist5k", 40)
    assert (study.measure.min_runs, study.measure.rounds) == (6, 3)
    assert "1 models x 2 recipes x 1 devices" in repr(study)


def test_threads_left_out_are_those_of_the_machine_that_measures(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, TINY.replace("threads = [1]\n", "")))
    here = Place.here()
    assert here.threads == mcomp.default_context().threads
    assert {task.threads for task in plan_tasks(study) if task.kind == "speed"} == {here.threads}
    board = Place("a board, neon", 7, here.library)
    tasks = plan_tasks(study, board)
    assert {task.threads for task in tasks if task.kind == "memory"} == {7}
    same = {task.key for task in tasks} & {task.key for task in plan_tasks(study)}
    assert same == {task.key for task in tasks if task.kind == "file"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rounds = 3", "rounds = 0", "rounds must be an integer from 1 to 1000, not 0"),
        ("rounds = 3", "round = 3", "unknown key 'round'"),
        ("rounds = 3", "rounds = true", "rounds must be an integer"),
        ("min_seconds = 0.0", "min_seconds = -1", "min_seconds must be a number from 0 to 3600"),
        ("min_seconds = 0.0", "min_seconds = nan", "min_seconds must be a number"),
        ("threads = [1]", "threads = [257]", "threads must be an integer from 1 to 256, not 257"),
        ("threads = [1]", "threads = []", "threads must be a list of at least one entry"),
        ("threads = [1]", "threads = [1, 1]", "'1' stands twice"),
        ("threads = [1]", "seeds = [-1]", "seeds must be an integer"),
        ('["lenet5"]', '["lenet6"]', "'lenet6' is no .onnx or .mcomp file"),
        ('["lenet5"]', '"lenet5"', "models must be a list"),
        ('["lenet5"]', "[7]", "models[0] must be a table"),
        ('"store.dense"', '"store.dens"', "recipe 'as it is'"),
        ('"store.dense"', "8", "recipe 'as it is' must be a text"),
        ('"store.dense"', '"  store.float dtype=float16 "', "are the same"),
        ('name = "tiny"', "name = 3", "name must be a text"),
        ('name = "tiny"', 'name = "tiny', "at line 1"),
        ("[data]", "[datum]", "unknown key 'datum'"),
        ("limit = 40", "limit = 1.5", "limit must be an integer"),
    ],
)
def test_refuses_what_is_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert TINY.count(old) == 1
    path = write_study(tmp_path, TINY.replace(old, new))
    with pytest.raises(mcomp.MCompError) as caught:
        read_study(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    with pytest.raises(mcomp.IoError, match="No such file"):
        read_study(path)
    path.write_bytes(b"name = \xff")
    with pytest.raises(mcomp.InvalidArgument, match="not UTF-8"):
        read_study(path)


def test_a_recipe_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text('recipe = "store.float dtype=float16"\n')
    text = TINY.replace('"store.float dtype=float16"', '"half.toml"')
    from_file = read_study(write_study(tmp_path, text))
    assert from_file.recipes == read_study(write_study(tmp_path)).recipes


def test_key_is_pinned() -> None:
    # A change here throws away every measurement that anybody has stored.
    parameters = {"kind": "speed", "model": "abc", "threads": 2, "seed": 0, "min_seconds": 1.0}
    assert key_of(parameters) == "0a5c5aafa1633baab9846d0717f4e96a"


def test_defaults_stay_out_of_the_key() -> None:
    told = {"kind": "speed", "model": "abc"}
    defaults = {"seed": 0, "limit": 0, "batch": 1, "min_runs": 10, "rounds": 5}
    assert key_of(told) == key_of({**told, **defaults})
    assert key_of(told) == key_of(dict(reversed(told.items())))
    for name, value in defaults.items():
        assert key_of(told) != key_of({**told, name: value + 1}), name


def keys(folder: Path, text: str) -> list[str]:
    return [task.key for task in plan_tasks(read_study(write_study(folder, text)))]


def test_labels_and_spelling_do_not_change_keys(tmp_path: Path) -> None:
    renamed = TINY.replace("half =", "sixteen =").replace('"store.dense"', '"  store.dense ;"')
    renamed = renamed.replace('["lenet5"]', '[{model = "lenet5", name = "digits"}]')
    assert keys(tmp_path, TINY) == keys(tmp_path, renamed)


def test_what_decides_a_result_changes_its_key(tmp_path: Path) -> None:
    tasks = plan_tasks(read_study(write_study(tmp_path)))
    kinds = [task.kind for task in tasks]
    base = [task.key for task in tasks]
    assert len(set(base)) == len(base)

    def changed(old: str, new: str) -> set[str]:
        other = keys(tmp_path, TINY.replace(old, new))
        return {kind for kind, a, b in zip(kinds, base, other, strict=True) if a != b}

    assert changed("limit = 40", "limit = 41") == {"accuracy"}
    assert changed("min_runs = 6", "min_runs = 7") == {"speed"}
    assert changed("threads = [1]", "threads = [2]") == {"memory", "speed"}
    assert changed('["cpu"]', '["ref"]') == {"accuracy", "memory", "speed"}
    assert changed("rounds = 3", "rounds = 3\nbatch = 2") == {"memory", "speed"}
    assert changed("threads = [1]", "threads = [1]\nseeds = [1]") == set(kinds)


def test_another_network_under_the_same_name_has_other_keys(tmp_path: Path) -> None:
    def save(bump: float) -> None:
        builder = mcomp.GraphBuilder("net")
        x = builder.add_input("x", (None, 1, 28, 28))
        weight = np.zeros((10, 784), np.float32)
        weight[3, 4] = bump
        flat = builder.add_node("Flatten", "flat", [x], {"axis": 1})
        w = builder.add_constant("w", weight)
        builder.mark_output(builder.add_node("Gemm", "y", [flat, w], {"transB": 1}))
        for key, value in {"layout": "NCHW L", "resize": "none", "crop": "none"}.items():
            builder.set_metadata(key, value)
        with builder.finish() as model:
            model.save(tmp_path / "net.mcomp")

    text = TINY.replace('["lenet5"]', '["net.mcomp"]')
    save(1.0)
    first = keys(tmp_path, text)
    save(1.0)
    assert keys(tmp_path, text) == first
    save(1.0000001)
    assert not set(keys(tmp_path, text)) & set(first)


def test_checksum_sees_structure_and_weights(lenet5: mcomp.Model) -> None:
    with mcomp.models.create("lenet5") as same, mcomp.models.create("lenet5") as other:
        assert model_checksum(lenet5) == model_checksum(same)
        with other.with_outputs([other.nodes[0].output]) as cut:
            assert model_checksum(cut) != model_checksum(lenet5)


def test_one_network_under_two_names_is_refused(tmp_path: Path) -> None:
    with mcomp.models.create("lenet5") as model:
        model.save(tmp_path / "copy.mcomp")
    text = TINY.replace('["lenet5"]', '["lenet5", "copy.mcomp"]')
    with pytest.raises(mcomp.InvalidArgument, match="'lenet5' and 'copy' are one network"):
        plan_tasks(read_study(write_study(tmp_path, text)))
