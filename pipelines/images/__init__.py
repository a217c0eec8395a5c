"""Image files in, upright 8-bit sRGB out."""
