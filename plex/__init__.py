"""Everything about Plex: reading its libraries, matching, merging, writing."""

import os

# Variables and a configuration file for plexapi, meant for another program, would change servers, tokens
# and page sizes, and start a log with secrets in it. plexapi looks at them when it is imported.
for _name in [name for name in os.environ if name.upper().startswith("PLEXAPI_")]:
    del os.environ[_name]
os.environ["PLEXAPI_CONFIG_PATH"] = os.devnull
