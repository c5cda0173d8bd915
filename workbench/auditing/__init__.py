"""One audit from a case and a target to a report: its steps, in order, and their cost."""
