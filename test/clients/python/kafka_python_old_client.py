"""kafka-python 2.0.2 behind the command line of test/clients/command-client.ts."""

import sys

import six

# Its own copy of six cannot be imported from Python 3.12 on.
sys.modules["kafka.vendor.six.moves"] = six.moves

import kafka_python_client  # noqa: E402, F401
