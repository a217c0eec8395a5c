"""More images than one machine can: on a Ray cluster, around a Milvus server.

    pip install "dedup-vision[ray]"

`find` does the whole job, stage by stage, in a folder that all machines see, and gives the groups
that one machine would find; `embed` fills an index, and nothing else.
"""

from dedup.distributed._embed import embed
from dedup.distributed._find import find
from dedup.distributed._shards import filter_shards
from dedup.distributed._stored import StoredDuplicates, load

__all__ = ["StoredDuplicates", "embed", "filter_shards", "find", "load"]
