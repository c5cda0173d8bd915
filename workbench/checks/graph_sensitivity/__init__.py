"""How the finding depends on the drawn graph."""
