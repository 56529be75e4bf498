"""What turns pixels into pixels: libvips, and Pillow where that is not installed."""
