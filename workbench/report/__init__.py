"""What an audit found, as a value, and the forms it is passed on in."""
