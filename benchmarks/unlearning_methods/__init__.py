"""Every unlearning method and fraud, audited on three tables and three kinds of request.

Run: ``PYTHONPATH=. python benchmarks/unlearning_methods [--quick] [--out FOLDER]``.
"""
