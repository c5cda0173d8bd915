"""What an audit found, as views."""
