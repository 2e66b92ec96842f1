"""Serves a program with a user interface in text to browsers: web_ui.py PORT COMMAND..."""

import shlex
import sys

from textual_serve.server import Server

Server(shlex.join(sys.argv[2:]), host="127.0.0.1", port=int(sys.argv[1])).serve()
