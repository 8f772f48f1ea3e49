"""Runs LocalStack on loopback without Docker: `python start.py PORT FOLDER [EDITION]`.

FOLDER takes all that it writes. EDITION is what its health page says of its origin.
"""

import os
import sys
import tempfile
import warnings
from pathlib import Path

port, folder, edition = [*sys.argv[1:], "queuestack"][:3]
folder = Path(folder).resolve()
address = f"127.0.0.1:{port}"

# Exactly this: settings that other programs call by the same names (DEBUG, SERVICES, …) and credentials are not for it.
kept = {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TZ") if name in os.environ}
os.environ.clear()
os.environ.update(kept)
os.environ.update({
    "GATEWAY_LISTEN": address,
    "LOCALSTACK_HOST": address,
    # The default server listens on every interface, whatever the line above says.
    "GATEWAY_SERVER": "hypercorn",
    "LAMBDA_RUNTIME_EXECUTOR": "queuestack",
    # A mapping that found nothing looks again within a second, not within ten.
    "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.05",
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "1",
    # Its alarms on queues see new values every 5 seconds instead of every minute.
    "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL": "5",
    # Queue URLs with the address in them, as ADDRESS/ACCOUNT/NAME: Terraform's provider takes none that says more, and
    # the default's need a name server that knows *.localstack.cloud. The Region is that of the signature.
    "SQS_ENDPOINT_STRATEGY": "off",
    "LS_LOG": "warn",
    # No telemetry, no downloads, no name server on port 53.
    "DISABLE_EVENTS": "1",
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "DNS_ADDRESS": "0",
    # Host mode, although it may find itself in some container.
    "OVERRIDE_IN_DOCKER": "0",
    "FILESYSTEM_ROOT": str(folder),
    "CONFIG_DIR": str(folder),
    "XDG_CACHE_HOME": str(folder / "cache"),
})
temporary = folder / "tmp"
temporary.mkdir(parents=True, exist_ok=True)
tempfile.tempdir = str(temporary)

# Its health page reads the edition off the name of a file.
libraries = folder / "usr/lib/localstack"
libraries.mkdir(parents=True, exist_ok=True)
(libraries / f".{edition}-version").touch()

if sys.version_info < (3, 13):
    # LocalStack takes this from Python 3.13's standard library.
    from typing_extensions import deprecated

    warnings.deprecated = deprecated

try:
    # Here a missing or unfit dependency says what it is; the runtime would say that there are no plugins.
    import localstack.aws.components  # noqa: F401
    from localstack.runtime.main import main
except ImportError as error:
    sys.exit(f"LocalStack cannot be imported: {error}")

main()
