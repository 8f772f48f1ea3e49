"""Runs the functions of LocalStack as child processes, without Docker.

LocalStack hands every execution environment to a `RuntimeExecutor`. This one starts the `bootstrap` of a `provided.*`
function as a process of this machine and speaks Lambda's Runtime API with it over loopback:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

There is no sandbox: a function is a process with the rights of LocalStack's user. Layers, extensions and the memory
limit are not applied.
"""

import json
import subprocess
import tempfile
import threading
import time
from concurrent.futures import Future, TimeoutError
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

LOOPBACK = "127.0.0.1"
# What Lambda gives a function between its start and its first question for work.
INIT_SECONDS = 10


class QueuestackExecutorPlugin(RuntimeExecutorPlugin):
    name = "queuestack"

    def load(self, *args, **kwargs):
        return ProcessExecutor


def failure(kind: str, message: str) -> bytes:
    """Makes the answer that Lambda gives for a function that could not."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class Handler(BaseHTTPRequestHandler):
    """One connection from a function to the Runtime API."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if not self.path.endswith("/runtime/invocation/next"):
            return self.answer(404)
        if not self.server.ready.done():
            self.server.ready.set_result(None)
        invocation = self.server.invocations.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation["invoke-id"],
            "Lambda-Runtime-Deadline-Ms": str(invocation["deadline"]),
            "Lambda-Runtime-Invoked-Function-Arn": invocation["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": invocation["trace-id"],
        }
        self.answer(200, invocation["payload"].encode(), headers)

    def do_POST(self):
        body = self.body()
        if self.path.endswith("/runtime/init/error"):
            if not self.server.ready.done():
                self.server.ready.set_exception(StatusErrorException("the function could not start", payload=body))
        else:
            request, outcome = self.path.split("/")[-2:]
            self.server.settle(request, body, is_error=outcome == "error")
        self.answer(202)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None):
        self.send_response(status)
        own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**own, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Runtime(ThreadingHTTPServer):
    """One process, and the Runtime API for it alone; a process that ended is never used again."""

    daemon_threads = True

    def __init__(self, code, environment: dict[str, str]):
        super().__init__((LOOPBACK, 0), Handler)
        self.ready, self.invocations, self.lock = Future(), Queue(), threading.Lock()
        self.request, self.outcome = None, Future()
        # A file and no pipe: what was written before an answer is there when the answer is.
        self.log = tempfile.TemporaryFile()
        self.address = f"{LOOPBACK}:{self.server_port}"
        environment = {**environment, "AWS_LAMBDA_RUNTIME_API": self.address, "LAMBDA_TASK_ROOT": str(code)}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            self.process = subprocess.Popen(
                [str(code / "bootstrap")], cwd=code, env=environment,
                stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            )
        except OSError as error:
            self.shutdown()
            self.server_close()
            payload = failure("Runtime.InvalidEntrypoint", f"cannot run bootstrap: {error.strerror}")
            raise StatusErrorException("the function could not start", payload=payload) from error
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        """Turns the end of the process into the answer that is waited for."""
        status = self.process.wait()
        exit = f"exit status {status}" if status >= 0 else f"signal {-status}"
        about = f"RequestId: {self.request} " if self.request else ""
        payload = failure("Runtime.ExitError", f"{about}Error: Runtime exited with error: {exit}")
        if not self.ready.done():
            self.ready.set_exception(StatusErrorException("the function ended", payload=payload))
        self.settle(self.request, payload, is_error=True)
        self.shutdown()
        self.server_close()

    def settle(self, request: str | None, payload: bytes, is_error: bool):
        with self.lock:
            if request == self.request and not self.outcome.done():
                self.outcome.set_result((payload, is_error))

    def invoke(self, invocation: dict, seconds: float) -> tuple[bytes, bool]:
        with self.lock:
            self.request, self.outcome = invocation["invoke-id"], Future()
        deadline = int((time.time() + seconds) * 1000)
        self.invocations.put({**invocation, "deadline": deadline})
        try:
            # It may have ended before there was anything to settle.
            return self.outcome.result(seconds if self.alive() else 0)
        except TimeoutError:
            gone = not self.alive()
            self.process.kill()
            what = "Runtime exited" if gone else f"Task timed out after {seconds:.2f} seconds"
            kind = "Runtime.ExitError" if gone else "Sandbox.Timedout"
            return failure(kind, f"RequestId: {self.request} Error: {what}"), True

    def alive(self) -> bool:
        return self.process.poll() is None

    def written(self, since: int) -> bytes:
        self.log.seek(since)
        return self.log.read()


class ProcessExecutor(RuntimeExecutor):
    """An execution environment: a process that is started anew after it ended or was too slow."""

    def __init__(self, id, function_version):
        super().__init__(id=id, function_version=function_version)
        self.runtime, self.read, self.environment = None, 0, {}

    def start(self, env_vars):
        system = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": tempfile.gettempdir()}
        self.environment = {**system, **{name: str(value) for name, value in env_vars.items()}}
        self.launch()

    def launch(self):
        code = self.function_version.config.code.get_unzipped_code_location()
        self.runtime, self.read = Runtime(code, self.environment), 0
        try:
            self.runtime.ready.result(INIT_SECONDS)
        except TimeoutError as error:
            self.stop()
            payload = failure("Sandbox.Timedout", f"Error: no request for work within {INIT_SECONDS} seconds")
            raise StatusErrorException("the function did not start", payload=payload) from error

    def stop(self):
        if self.runtime:
            self.runtime.process.kill()

    def invoke(self, payload):
        if not self.runtime.alive():
            self.launch()
        request, began = payload["invoke-id"], time.time()
        answer, is_error = self.runtime.invoke(payload, self.function_version.config.timeout)
        written = self.runtime.written(self.read)
        self.read += len(written)
        logs = self.framed(request, written.decode(errors="replace"), began, time.time())
        return InvocationResult(request, answer, is_error=is_error, logs=logs)

    def framed(self, request: str, written: str, began: float, ended: float) -> str:
        """Puts the lines around a function's own that Lambda writes, in the format that the function asks for."""
        milliseconds = (ended - began) * 1000
        version, memory = self.function_version.id.qualifier, self.function_version.config.memory_size
        if self.function_version.config.logging_config.get("LogFormat") != "JSON":
            end = f"END RequestId: {request}\nREPORT RequestId: {request}\tDuration: {milliseconds:.2f} ms\t"
            return f"START RequestId: {request} Version: {version}\n{written}{end}Memory Size: {memory} MB\n"
        metrics = {"durationMs": round(milliseconds, 3), "memorySizeMB": memory}
        start = self.event(began, "platform.start", {"requestId": request, "version": version})
        return start + written + self.event(ended, "platform.report", {"requestId": request, "metrics": metrics})

    @staticmethod
    def event(at: float, kind: str, record: dict) -> str:
        time = datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": time, "type": kind, "record": record}) + "\n"

    def get_logs(self):
        return self.runtime.written(0).decode(errors="replace") if self.runtime else ""

    def get_address(self):
        return LOOPBACK

    def get_endpoint_from_executor(self):
        return LOOPBACK

    def get_runtime_endpoint(self):
        # Asked for before there is a process; `provided.*` functions are told the address when they are started.
        return f"http://{self.runtime.address if self.runtime else LOOPBACK}"

    @classmethod
    def prepare_version(cls, function_version):
        runtime = function_version.config.runtime
        if not (runtime or "").startswith("provided"):
            raise NotImplementedError(f"without Docker only provided.* runtimes are run, not {runtime or 'images'}")
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass
