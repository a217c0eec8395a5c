"""From accepted pairs to groups, each with a file to keep."""
