#compdef hotfolder

_hotfolder_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _HOTFOLDER_COMPLETE=complete_zsh hotfolder)
}

compdef _hotfolder_completion hotfolder
