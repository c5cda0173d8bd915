"""One script from a widget of ours and a JavaScript library that a Python package ships."""

from __future__ import annotations

from pathlib import Path

__all__ = ["with_library"]


def with_library(name: str, library: Path, module: Path) -> str:
    """Return a module of ours with a library ahead of it, kept from the page's own names.

    Parameters
    ----------
    name : str
        The constant by which our module knows the library.
    library : Path
        A script for pages without modules (UMD), as a Python package ships it.
    module : Path
        Our own script.
    """
    script = library.read_text("utf-8").replace("//# sourceMappingURL=", "// ")
    own = module.read_text("utf-8")
    return (
        f"const {name} = (() => {{ const exports = {{}}; const module = {{ exports }}; "
        f"const define = undefined;\n{script}\nreturn module.exports; }})();\n{own}"
    )
