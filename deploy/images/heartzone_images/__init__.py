"""Builds heartzone's container images with the docker or the buildah of this machine; standard library only."""
