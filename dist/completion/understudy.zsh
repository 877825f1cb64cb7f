#compdef understudy
# SPDX-License-Identifier: GPL-3.0-or-later
# zsh completion: understudy itself knows its verbs and options, and the zones of
# the running server; files are zsh's own.
_understudy() {
	local -a found
	found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	found=("${(@)found:#}")
	if (( ${#found} )); then
		compadd -a found
	else
		_files
	fi
}
_understudy "$@"
