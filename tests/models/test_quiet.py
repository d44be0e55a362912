import subprocess
import sys


def test_loading_the_libraries_says_nothing() -> None:
    """bitsandbytes warns on processors with bf16, where peft loads it, of a missing kernel."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import luthier.models.load"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""
