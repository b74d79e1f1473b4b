"""Where hotfolder touches the world: one library at home in each module."""
