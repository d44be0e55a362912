"""Pre-trained bases, their families and depth groups, and the device they compute on."""
