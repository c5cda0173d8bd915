"""Cafe."""
