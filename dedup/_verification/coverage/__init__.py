"""What each of two aligned pictures shows that the other lacks, and how finely: coverage."""
