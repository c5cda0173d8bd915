"""The black box, and the ways to bring one."""
