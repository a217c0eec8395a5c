"""The second reading: pairs that seem to be copies, looked at again at full resolution."""
