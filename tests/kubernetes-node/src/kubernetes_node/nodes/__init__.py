"""Nodes to run tests on: an own one, kind's, or a given one."""
