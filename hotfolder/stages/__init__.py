"""What hotfolder does: one verb a file, one effect each, against the Protocols of `ports`."""
