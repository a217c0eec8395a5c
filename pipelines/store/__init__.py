"""Milvus: connections, collections, vectors. The only room that imports pymilvus."""
