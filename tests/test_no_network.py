"""The main path asks no other computer, and starts no other program (such as pip)."""

import subprocess
import sys

SCRIPT = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            print(event, address)
    elif event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "::1", "localhost"):
        print(event, arguments[:2])
    elif event in ("subprocess.Popen", "os.system", "os.posix_spawn"):
        print(event, arguments[:2])

sys.addaudithook(watch)

import dedup
from dedup.pipelines import compare_pair

folder = sys.argv[1]
found = dedup.find_duplicates(folder)
assert found.embedded == 6, found
compare_pair(threshold=0.5)(f"{folder}/coffee.png", [f"{folder}/rocket.png"])
found._repr_html_()
sys.stderr.write("finished")
"""


def test_no_address_and_no_program_is_asked(folder):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.stderr.endswith("finished"), done.stderr
    assert done.stdout == ""
