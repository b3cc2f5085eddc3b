"""A Docker daemon to measure with: the one that runs, or one of our own for as long as it takes."""

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import tools

# Longest that is waited for a daemon, and for a container's answer.
PATIENCE = 60


class Docker:
    """`with Docker() as docker`: a daemon that answers. What we started ends with the block, by its
    own process id, and leaves no mounts behind."""

    def __enter__(self):
        self.environment, self.daemons, self.folder = dict(os.environ), [], None
        tools.program("docker")
        if self._answers():
            return self
        for needed in ("dockerd", "containerd", "runc"):
            tools.program(needed)
        if os.geteuid() != 0:
            raise tools.Missing("no Docker daemon runs, and to start one takes the superuser")
        self.folder = tempfile.TemporaryDirectory(prefix="wasmc-images-", ignore_cleanup_errors=True)
        try:
            self._start(Path(self.folder.name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, folder):
        containerd, docker = folder / "containerd.sock", folder / "docker.sock"
        self._daemon("containerd", "--root", folder / "containerd", "--state", folder / "state",
                     "--address", containerd)
        self._wait(containerd.exists, "containerd")
        self._daemon("dockerd", "--host", f"unix://{docker}", "--containerd", containerd,
                     "--default-ulimit", "nofile=1024:1024", "--data-root", folder / "docker",
                     "--exec-root", folder / "exec", "--pidfile", folder / "pid")
        self.environment["DOCKER_HOST"] = f"unix://{docker}"
        self._wait(self._answers, "dockerd")

    def _daemon(self, *command):
        command = [str(part) for part in command]
        with open(Path(self.folder.name) / f"{command[0]}.log", "wb") as log:
            self.daemons.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=log, start_new_session=True))

    def _wait(self, is_ready, name):
        start = time.monotonic()
        while time.monotonic() - start < PATIENCE and self.daemons[-1].poll() is None:
            if is_ready():
                return
            time.sleep(0.1)
        log = (Path(self.folder.name) / f"{name}.log").read_text(errors="replace").splitlines()
        raise tools.Missing(f"{name} does not start here: {log[-1] if log else 'it says nothing'}")

    def _answers(self):
        return self._docker("version", check=False).returncode == 0

    def _docker(self, *arguments, check=True):
        outcome = subprocess.run(["docker", *map(str, arguments)], env=self.environment,
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if check and outcome.returncode != 0:
            raise SystemExit(f"error: docker {' '.join(map(str, arguments))}: {outcome.stderr.strip()}")
        return outcome

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        if self.folder:
            mounts = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
            for mount in mounts:
                if Path(mount).is_relative_to(self.folder.name):
                    subprocess.run(["umount", mount], check=False)
            self.folder.cleanup()

    def described(self):
        """The daemon's version and how it stores layers, on which times depend."""
        form = "Docker {{.ServerVersion}}, layers by {{.Driver}}"
        return self._docker("info", "--format", form).stdout.strip()

    def load(self, archive):
        self._docker("load", "--input", archive)

    def remove(self, images):
        self._docker("rmi", "--force", *images, check=False)

    def run_to_end(self, image):
        """Seconds from `docker run` to its end, and what the program printed."""
        start = time.perf_counter()
        outcome = self._docker("run", "--rm", "--network", "none", image)
        return time.perf_counter() - start, outcome.stdout

    def first_answer(self, image, port, network):
        """Seconds from `docker run` to the first answer of the server, and the answer."""
        how = {"published": ["--publish", f"127.0.0.1:{port}:{port}"],
               "host": ["--network", "host"]}[network]
        name = f"wasmc-images-{os.getpid()}"
        command = ["docker", "run", "--detach", "--name", name, *how, image]
        start = time.perf_counter()
        client = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            answer = None
            while not answer and time.perf_counter() - start < PATIENCE:
                answer = _ask(port)
                if not answer and client.poll():
                    raise SystemExit(f"error: {image}: {client.stderr.read().strip()}")
            seconds = time.perf_counter() - start
            if not answer:
                raise SystemExit(f"error: {image} does not answer")
            return seconds, answer
        finally:
            client.communicate()
            self._docker("rm", "--force", name, check=False)


def _ask(port):
    """The body of an answer; `None` before there is one. Docker's proxy accepts connections before
    the server does, and closes them."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while part := connection.recv(4096):
                answer += part
    except OSError:
        answer = b""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        time.sleep(0.001)
        return None
    return body
