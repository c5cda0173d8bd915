"""The debiased estimate: fuzzing with better equations, corrected by what they leave unexplained.

See ``estimands.md``, "The debiased estimate (what the verdict judges)".
"""
