"""Pre-trained bases, their families and depth groups, and the device they compute on."""

import logging

# bitsandbytes warns when peft loads it that a kernel for some processors is not installed, and at
# every step that numbers are cast to be rounded.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
