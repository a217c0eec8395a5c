"""What every room may use: arrays, texts, threads, progress, files that are replaced whole."""
