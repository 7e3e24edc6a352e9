"""Tests of the tools: `make test-tools`."""
