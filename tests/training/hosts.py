"""Two hosts on one machine: network namespaces with addresses of their own, joined by a virtual cable."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ADDRESSES: Final = ("10.77.41.1", "10.77.41.2")
_CABLE: Final = "host0"
# Without the second, a launcher that is started anew never hears where the first one listens.
ENVIRONMENT: Final = {"GLOO_SOCKET_IFNAME": _CABLE, "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}


class Hosts:
    """Two namespaces; leaving the block takes them away."""

    def __init__(self) -> None:
        self.names = tuple(f"hosts{os.getpid()}{end}" for end in "ab")

    def __enter__(self) -> "Hosts":
        try:
            for name in self.names:
                _ip("netns", "add", name)
            a, b = self.names
            _ip("link", "add", _CABLE, "netns", a, "type", "veth", "peer", "name", _CABLE, "netns", b)
            for name, address in zip(self.names, ADDRESSES, strict=True):
                _ip("-n", name, "address", "add", f"{address}/24", "dev", _CABLE)
                _ip("-n", name, "link", "set", _CABLE, "up")
                _ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError):
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    def torchrun(
        self, host: int, port: int, command: Sequence[str], restarts: int = 0, path: Sequence[Path] = ()
    ) -> "subprocess.Popen[str]":
        """Start a host's launcher, of one process; the first host holds the rendezvous."""
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
        launcher += ["--rdzv-backend=c10d", f"--rdzv-endpoint={ADDRESSES[0]}:{port}", "--rdzv-id=test"]
        # a namespace has the machine's name, by which a launcher else tells whether the rendezvous is its own
        launcher += [f"--rdzv-conf=is_host={int(host == 0)}", f"--local-addr={ADDRESSES[host]}"]
        launcher += [f"--max-restarts={restarts}", "--monitor-interval=0.1"]
        paths = os.pathsep.join([*map(str, path), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            ["ip", "netns", "exec", self.names[host], *launcher, *command],
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)


def may_be_made() -> str:
    """Return why two hosts cannot be made here; nothing where they can."""
    try:
        with Hosts():
            return ""
    except FileNotFoundError:
        return "needs the program ip (iproute2)"
    except subprocess.CalledProcessError as error:
        return f"network namespaces may not be made here ({error.stderr.strip()[:80]})"
