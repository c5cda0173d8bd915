"""The evaluation of the CAFÉ paper (arXiv 2509.16525), measured again.

Run: ``PYTHONPATH=. python -m benchmarks.paper [--quick] [--out FOLDER]``. Definitions:
``estimands.md``; what the tables mean: ``benchmarks/results/paper/summary.md``.
"""
