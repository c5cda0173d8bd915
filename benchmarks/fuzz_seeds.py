"""Sound files of every kind that is read, for ``fuzz_readers.py`` to damage."""

from __future__ import annotations

import gzip
import io
import json
import time

import numpy as np
import pandas as pd

import workbench as wb

Seeds = dict[str, bytes]
"""Contents by name."""


def small_table() -> pd.DataFrame:
    """Twelve rows of every kind of column."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, 12),
            "zip": [f"0{n}" for n in rng.integers(1000, 1020, 12)],
            "score": rng.normal(size=12).round(3),
            "yes": rng.integers(0, 2, 12).astype(bool),
        }
    )


def delimited_files() -> Seeds:
    """Tables as text."""
    frame = small_table()
    plain = frame.to_csv(index=False).encode()
    return {
        "plain.csv": plain,
        "semicolon.csv": frame.to_csv(index=False, sep=";", decimal=",").encode("utf-16"),
        "names.csv": ("sep=;\r\n" + frame.to_csv(sep=";")).encode("latin-1"),
        "small.csv.gz": gzip.compress(plain, mtime=0),
    }


def parquet_files() -> Seeds:
    """The same table, packed in three ways."""
    frame = small_table()
    found = {}
    for kind in ("snappy", "gzip", None):
        held = io.BytesIO()
        frame.to_parquet(held, compression=kind, index=False)
        found[f"{kind}.parquet"] = held.getvalue()
    return found


def xlsx_files() -> Seeds:
    """The same table as a sheet."""
    held = io.BytesIO()
    small_table().to_excel(held, index=False)
    return {"plain.xlsx": held.getvalue()}


def feather_files() -> Seeds:
    """The same table for Arrow, packed and not."""
    found = {}
    for kind in ("lz4", "uncompressed"):
        held = io.BytesIO()
        small_table().to_feather(held, compression=kind)
        found[f"{kind}.feather"] = held.getvalue()
    return found


def arff_files() -> Seeds:
    """Numbers and words for Weka."""
    lines = ["@relation people", "@attribute age numeric", "@attribute zip {a, b}", "@data"]
    rows = [f"{age},{'ab'[age % 2]}" for age in small_table()["age"]]
    return {"plain.arff": "\n".join([*lines, *rows, "?,a", ""]).encode()}


def graph_files() -> Seeds:
    """Graphs in every form that is read."""
    graph = wb.CausalGraph(
        [("age", "bmi"), ("bmi", "blood pressure"), ("u", "bmi")],
        nodes=["alone"],
        latents=["u"],
    )
    graphml = (
        "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph edgedefault='directed'>"
        "<node id='a'/><node id='b'/><edge source='a' target='b'/></graph></graphml>"
    )
    bif = (
        "network unknown {\n}\nvariable rain {\n  type discrete [ 2 ] { yes, no };\n}\n"
        "variable wet {\n  type discrete [ 2 ] { yes, no };\n}\n"
        "probability ( rain ) {\n  table 0.2, 0.8;\n}\n"
        "probability ( wet | rain ) {\n  (yes) 0.9, 0.1;\n  (no) 0.2, 0.8;\n}\n"
    )
    tetrad = "Graph Nodes:\nX;Y;Z\n\nGraph Edges:\n1. X --> Y\n2. Y --> Z\n"
    link = {
        "directed": True,
        "multigraph": False,
        "graph": {},
        "nodes": [{"id": "a"}, {"id": "b"}],
        "links": [{"source": "a", "target": "b"}],
    }
    return {
        "g.json": graph.to_json().encode(),
        "link.json": json.dumps(link).encode(),
        "g.dot": graph.to_dot().encode(),
        "g.gml": graph.to_gml().encode(),
        "g.dagitty": graph.to_dagitty().encode(),
        "marked.dagitty": b'dag { bb="0,0,1,1" X [exposure,pos="0,1"] Y [outcome] X -> Y <- Z }',
        "g.graphml": graphml.encode(),
        "g.bif": bif.encode(),
        "g.tetrad": tetrad.encode(),
        "g.lavaan": b"m ~ a + b\ny ~ 0.3*m + a\na ~~ b\n",
    }


def skops_files() -> Seeds:
    """Models whose parts are looked at."""
    import skops.io
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer

    rows, yes = small_table()[["age", "score"]], small_table().yes
    models = {
        "forest.skops": RandomForestClassifier(2, max_depth=2, random_state=0),
        "splines.skops": make_pipeline(SplineTransformer(3), LogisticRegression()),
        "neighbours.skops": KNeighborsClassifier(2, algorithm="kd_tree"),
    }
    return {name: skops.io.dumps(model.fit(rows, yes)) for name, model in models.items()}


def onnx_files() -> Seeds:
    """Two exported models."""
    import skl2onnx
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    rows, yes = small_table()[["age", "score"]].to_numpy(np.float32), small_table().yes
    models = {
        "forest.onnx": RandomForestClassifier(2, max_depth=2, random_state=0),
        "line.onnx": LogisticRegression(),
    }
    return {
        name: skl2onnx.to_onnx(model.fit(rows, yes), rows[:1]).SerializeToString()
        for name, model in models.items()
    }


def xgboost_files() -> Seeds:
    """Trees in both of XGBoost's forms."""
    import xgboost

    rows, value = small_table()[["age", "score"]], small_table().score
    booster = xgboost.XGBRegressor(n_estimators=2, max_depth=2).fit(rows, value).get_booster()
    return {f"trees.{kind}": bytes(booster.save_raw(kind)) for kind in ("json", "ubj")}


def lightgbm_files() -> Seeds:
    """Trees, their values and their probabilities."""
    import lightgbm

    rows, few = small_table()[["age", "score"]], {"n_estimators": 2, "min_child_samples": 2}
    value = lightgbm.LGBMRegressor(**few, verbose=-1).fit(rows, small_table().score)
    yes = lightgbm.LGBMClassifier(**few, verbose=-1).fit(rows, small_table().yes)
    models = {"value.txt": value, "yes.txt": yes}
    return {name: model.booster_.model_to_string().encode() for name, model in models.items()}


def reports() -> Seeds:
    """One saved report."""
    world = wb.datasets.loan(300, seed=0)
    model = wb.train_model(world.data, world.features, world.outcome)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), ["cafe", "fuzzing"])
    return {"report.json": report.to_json().encode()}


def dossiers() -> Seeds:
    """The files of one dossier."""
    from workbench.evidence.keys import SigningKey
    from workbench.evidence.notes import WITNESS_KEY, cosign_checkpoint
    from workbench.evidence.rehearsal import rehearse
    from workbench.evidence.retraining import configuration_for

    world = wb.datasets.loan(24, seed=5)
    table = world.data[["neighborhood_income", "income", "credit_score", "approved"]]
    bank = SigningKey.from_seed(b"1" * 32, "bank.example/evidence")
    witness = SigningKey.from_seed(b"2" * 32, "witness.example/one", WITNESS_KEY)
    people = [f"person {i // 2}" for i in range(len(table))]
    made = rehearse(
        table,
        people,
        [people[0]],
        configuration_for(table, "approved", learner="ridge"),
        bank,
        now=lambda: int(time.time()),
        cosign=lambda point: cosign_checkpoint(
            point, witness.named, witness.sign, int(time.time())
        ),
    )
    return dict(made.files)
