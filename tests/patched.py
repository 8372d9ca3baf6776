"""Loaded by pytest before every other plugin (`-p tests.patched`): conftest would be too late to patch."""

from gevent import monkey

monkey.patch_all()
