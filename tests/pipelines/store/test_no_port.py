"""While an index is open, no other process reaches it: nothing listens, on any port or socket."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pymilvus import MilvusClient

import dedup

# Where a line has the state, what that is, where the socket and its address are.
LISTENING = {"tcp": (3, "0A", 9, 1), "tcp6": (3, "0A", 9, 1), "unix": (3, "00010000", 6, -1)}
LISTENERS = f"""
import os, sys
from pathlib import Path

own = set()
for entry in Path("/proc", sys.argv[1], "fd").iterdir():
    link = os.readlink(entry)
    if link.startswith("socket:["):
        own.add(link[8:-1])
for name, (column, sign, inode, address) in {LISTENING}.items():
    for line in Path("/proc/net", name).read_text().splitlines()[1:]:
        fields = line.split()
        if fields[column] == sign and fields[inode] in own:
            print(name, fields[inode], fields[address])
"""


def listeners(process):
    """The listening sockets of a process, as another process sees them."""
    command = [sys.executable, "-c", LISTENERS, str(process)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(listed.splitlines())


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux tells it in /proc")
def test_nothing_listens_while_an_index_is_in_use(tmp_path, folder):
    before = listeners(os.getpid())  # what other tests left
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        index.add(folder)
        assert index.check(folder / "coffee.png").relation == "exact"
        index.duplicates()
        assert listeners(os.getpid()) <= before


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux tells it in /proc")
def test_what_listens_is_seen(tmp_path):
    with socket.socket() as port, socket.socket(socket.AF_UNIX) as file:
        port.bind(("127.0.0.1", 0))
        file.bind(str(tmp_path / "socket"))
        before = listeners(os.getpid())
        port.listen()
        file.listen()
        (one, other) = sorted(listeners(os.getpid()) - before)
    assert one.startswith("tcp ")
    assert other.endswith(f" {tmp_path}/socket")


def test_client_of_pymilvus_that_came_first_shares_its_file_and_its_port_is_told(
    tmp_path, folder, caplog
):
    """One engine writes to the file, and both see what it holds."""
    client = MilvusClient(str(tmp_path / "a.db"))
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        index.add(folder)
    assert "on a port that every user of this machine reaches" in caplog.text
    assert client.query("dedup", filter="", output_fields=["count(*)"]) == [{"count(*)": 6}]
    client.close()
