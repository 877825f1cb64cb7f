# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion: understudy itself knows its verbs and options, and the zones of
# the running server; files are bash's own.
_understudy() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _understudy understudy
