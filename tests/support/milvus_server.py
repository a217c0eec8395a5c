"""A real Milvus server for the tests: the `milvus` wheel, in a fresh folder, stopped at the end."""

import contextlib
import importlib.util
import platform
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

START_SECONDS = 90

# The wheel's own settings leave etcd its default ports, so that one server ran at a time.
ETCD = """\
data-dir: {folder}/etcd
listen-client-urls: http://localhost:{client}
advertise-client-urls: http://localhost:{client}
listen-peer-urls: http://localhost:{peer}
initial-advertise-peer-urls: http://localhost:{peer}
initial-cluster: default=http://localhost:{peer}
log-level: error
"""


def why_not():
    """Why no server can be started here; empty if one can."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"there is no Milvus server for {platform.system()} {platform.machine()}"
    if importlib.util.find_spec("milvus") is None:
        return 'no Milvus server is installed here: pip install "milvus==2.3.5"'
    return ""


class Server:
    """One server, which can be killed and started again: its `uri` and `token`."""

    token = "root:Milvus"

    def __init__(self, folder):
        import milvus

        self._config = milvus.MilvusServerConfig(data_dir=str(folder))
        keys = [name for name in self._config.configurable_items if name.endswith("_port")]
        ports = dict(zip([*keys, "etcd_peer", "health"], _free_ports(), strict=False))
        self._config.update(**{name: ports[name] for name in keys})
        self._config.set("authorization_enabled", True)
        self._config.extra_configs |= {"common.session.ttl": 5, "log.level": "error"}
        etcd = folder / "etcd.yaml"
        etcd.write_text(
            ETCD.format(folder=folder, client=ports["etcd_port"], peer=ports["etcd_peer"])
        )
        self._config.template_text = self._config.template_text.replace(
            "etcd:\n", f"etcd:\n  config:\n    path: {etcd}\n", 1
        )
        self._milvus = milvus.MilvusServer(self._config, wait_for_started=False)
        self._milvus.webservice_port = ports["health"]
        self.uri = f"http://127.0.0.1:{ports['proxy_port']}"

    def start(self):
        with contextlib.chdir("."):  # it changes the folder, and comes back only if all is well
            self._milvus.start()
        self._config.resolve = lambda: None  # started again, it keeps its ports
        self.process = self._milvus.server_proc
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self):
        health = f"http://127.0.0.1:{self._milvus.webservice_port}/healthz"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the Milvus server ended with {self.process.returncode}")
            with contextlib.suppress(urllib.error.URLError, OSError):  # noqa: SIM117
                with urllib.request.urlopen(health, timeout=5) as answer:
                    if b"OK" in answer.read():
                        return
            time.sleep(0.1)
        raise RuntimeError(f"the Milvus server was not ready after {START_SECONDS} seconds")

    def kill(self):
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(timeout=10)
        self._milvus.stop()

    def stop(self):
        """End it politely, and then less so."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=3)
        self._milvus.stop()


def _free_ports(count=20):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
