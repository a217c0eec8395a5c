"""Passwords and tokens are for the server alone; certificates prove who it is, and who asks."""

import logging
import shutil
import subprocess
import traceback
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.db import MilvusLite
from pymilvus.grpc_gen import milvus_pb2_grpc

import dedup
from dedup.pipelines.store import connection as connecting
from dedup.pipelines.store.collection import connect

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "address",
    [
        f"root:{SECRET}@host:19530",
        f"{SECRET}@host",
        f"http://root:{SECRET}@host:notaport",
        f"http://root:{SECRET}/{SECRET}@host",
        f"http://root:1/{SECRET}@host",
        f"http://root:{SECRET}?{SECRET}@host",
        f"https://host?token={SECRET}",
        f"https://host/#token={SECRET}",
        f"http://host?token={SECRET}@{SECRET}",
        f"ftp://root:{SECRET}@host",
        f"http://root:{SECRET}@[host",
        f"http://root:{SECRET}@host:0",
    ],
)
def test_what_is_no_address_is_told_without_its_password(address):
    with pytest.raises(dedup.StoreError) as told:
        connect(address)
    assert SECRET not in "".join(traceback.format_exception(told.value))
    with pytest.raises(dedup.DedupError) as told:
        dedup.from_milvus(address, "photos", threshold=0.9)
    assert SECRET not in str(told.value)


@given(st.text(), st.sampled_from(["", "http://", "https://", "tcp://", "x://"]))
def test_no_password_is_ever_shown(password, scheme):
    with pytest.raises(dedup.StoreError) as told:
        connect(f"{scheme}root:{SECRET}{password}{SECRET}@[::bad")
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        ("http://localhost:1", False),
        ("http://127.8.0.1:1", False),
        ("http://[::1]:1", False),
        ("https://milvus.invalid:1", False),
        ("http://milvus.invalid:1", True),
        ("http://192.0.2.1:1", True),
    ],
)
def test_token_on_an_open_way_is_told_in_one_line(address, is_told, caplog, monkeypatch):
    monkeypatch.setattr(connecting, "_CONNECT_SECONDS", 0.1)
    with caplog.at_level(logging.WARNING, "dedup"), pytest.raises(dedup.StoreUnavailable):
        connect(address, token=SECRET)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("dedup")]
    assert lines == [f"{address}: others on the way can read the token; use https://"] * is_told
    assert SECRET not in caplog.text


def certificate(folder, name):
    """A certificate that vouches for itself, and its key."""
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True
    )
    return paths


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """A server that shows a certificate, and asks for that of its clients."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    folder = tmp_path_factory.mktemp("private")
    own, client = certificate(folder, "server"), certificate(folder, "client")
    database = MilvusLite(str(folder / "served.db"))
    server = grpc.server(ThreadPoolExecutor(4))
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(MilvusServicer(database), server)
    credentials = grpc.ssl_server_credentials(
        [(own[1].read_bytes(), own[0].read_bytes())],
        root_certificates=client[0].read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("localhost:0", credentials)
    server.start()
    yield f"https://localhost:{port}", own[0], client
    server.stop(0)
    database.close()


def test_certificates_are_shown_and_asked_for(private, monkeypatch):
    address, authority, (certificate, key) = private
    monkeypatch.setattr(connecting, "_CONNECT_SECONDS", 2)
    with pytest.raises(dedup.StoreUnavailable):
        connect(address)
    monkeypatch.setenv("MILVUS_CA", str(authority))
    with pytest.raises(dedup.StoreUnavailable):  # it does not know us
        connect(address)
    monkeypatch.setenv("MILVUS_CERT", str(certificate))
    monkeypatch.setenv("MILVUS_KEY", str(key))
    connection = connect(address)
    assert connection.call("list collections", "list_collections") == []
    connection.close()
    monkeypatch.setenv("MILVUS_CA", str(certificate))  # of another
    with pytest.raises(dedup.StoreUnavailable):
        connect(address)


@pytest.mark.parametrize(
    ("address", "given", "message"),
    [
        ("http://localhost:1", {"CA": __file__}, "MILVUS_CA need an address with https://"),
        ("https://localhost:1", {"CERT": __file__, "KEY": __file__}, "set MILVUS_CA, or"),
        ("https://localhost:1", {"CA": __file__, "KEY": __file__}, "set MILVUS_CA, or"),
        ("https://localhost:1", {"CA": "/missing.pem"}, r"MILVUS_CA: /missing\.pem can't be read"),
    ],
)
def test_certificate_that_would_not_be_used_is_told(address, given, message, monkeypatch):
    for name, path in given.items():
        monkeypatch.setenv(f"MILVUS_{name}", path)
    with pytest.raises(dedup.StoreError, match=message):
        connect(address)
