"""What needs a search to tune one: labelled pairs with their scores, calibration."""
