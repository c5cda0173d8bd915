"""A folder of notebooks to serve, and of files that are not to be served."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("voila")


from tests.widgets.serving.served_notebook import CODE, notebook


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    notebook(folder, "page.ipynb", CODE)
    notebook(folder, "other.ipynb", "print('OTHER')")
    (folder / "secret.txt").write_text("SECRET", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"SECRET")
    # Voila would read its settings from here, if it were allowed to.
    (folder / "voila.json").write_text('{"Voila": {"token": ""}}', encoding="utf-8")
    return folder
