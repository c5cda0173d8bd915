"""Who gave what, with which consent, and in which model versions it went: one SQLite file."""
