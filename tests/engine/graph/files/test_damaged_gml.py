"""A damaged GML or GraphML text is refused in our own words, not in Python's."""

import pytest

from workbench.common.errors import GraphFileError
from workbench.graph.causal_graph import CausalGraph


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gml", b"[\n]\n["),
        ("a.gml", b"graph 1"),
        ("a.gml", b"graph [ node 3 ]"),
        ("a.graphml", b"<graphml><graph"),
        ("a.graphml", b"<graphml><node/></graphml>"),
    ],
)
def test_one_sentence_without_words_of_python(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GraphFileError) as said:
        CausalGraph.read(path)
    for word in ("object has no", "index out of", "Error", "NoneType", "not subscriptable"):
        assert word not in str(said.value)
