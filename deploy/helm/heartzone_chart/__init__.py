"""The files of the Helm chart that are generated from its values.yaml."""
