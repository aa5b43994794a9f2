"""The practice engine: the Docker Engine API over real processes, where there is no Docker."""

NAME = "dockermagic practice engine"
VERSION = "0.1.0"
