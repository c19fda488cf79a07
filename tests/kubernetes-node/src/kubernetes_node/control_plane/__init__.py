"""etcd and the API server."""
