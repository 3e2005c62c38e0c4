"""Bytes to be received while somebody looks."""

MIB = 2**20
CONTENT = bytes(range(256)) * 4096 * 2  # 2 MiB
