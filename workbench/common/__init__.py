"""What every room may use: errors, wording, progress, limits. It knows nothing of audits."""
