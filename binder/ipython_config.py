"""A new kernel knows `%docker` at its first use: kernels that stand idle are ended here, and their extensions too."""

c = get_config()  # noqa: F821
c.MagicsManager.lazy_magics = {"docker": "dockermagic", "dockerapi": "dockermagic"}
