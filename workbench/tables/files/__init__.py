"""Table files, bounded before they are unpacked."""
