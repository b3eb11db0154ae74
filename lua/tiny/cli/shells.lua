-- The shell functions for completion: they pass the words up to the cursor to `tinylua complete` and show its answers, so that
-- all shells complete alike.
local shells = {}

-- bash also splits words at : and =. They are rejoined according to the text between them, and the part that bash does not
-- replace is removed from the answers.
shells.bash = [=[
# tinylua's completion for bash.
_tinylua() {
  local rest=${COMP_LINE:0:COMP_POINT} words=() word trimmed i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    trimmed=${rest#"${rest%%[![:space:]]*}"}
    word=${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$trimmed
    if ((i == 0)) || [[ $trimmed != "$rest" ]]; then
      words+=("$word")
    else
      words[${#words[@]} - 1]+=$word
    fi
    rest=${trimmed#"$word"}
  done
  local current=${words[${#words[@]} - 1]} piece=${COMP_WORDS[COMP_CWORD]} line
  [[ $piece == [:=] ]] && piece=
  local head=${current%"$piece"}
  [[ $current == *[:=]* ]] || head=
  local files= found=() path
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    case $line in
      :files) files=-f ;;
      :dirs) files=-d ;;
      *) found+=("${line#"$head"}") ;;
    esac
  done < <("${words[0]/#\~/$HOME}" complete -- "${words[@]:1}" 2>/dev/null)
  # Only where all are files may readline treat them as such: it would put a backslash before the : of web:.
  local mixed=${#found[@]}
  [[ -n $files && $mixed -eq 0 ]] && compopt -o filenames
  if [[ -n $files ]]; then
    while IFS= read -r path; do
      if ((mixed)); then
        [[ -d $path ]] && path+=/
        printf -v path %q "$path"
      fi
      found+=("$path")
    done < <(compgen "$files" -- "$piece")
  fi
  # Commands come in the order of the help.
  [[ -n $files ]] || compopt -o nosort 2>/dev/null
  [[ ${#found[@]} -eq 1 && ${found[0]} == *[:/=] ]] && compopt -o nospace
  COMPREPLY=("${found[@]}")
}
complete -F _tinylua tinylua
]=]

shells.zsh = [=[
#compdef tinylua
# tinylua's completion for zsh.
_tinylua() {
  local line candidates=() files= program=${words[1]/#\~/$HOME} before=("${(@Q)words[2,CURRENT-1]}")
  for line in "${(@f)$("$program" complete -- "${before[@]}" "$PREFIX" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) files=-f ;;
      :dirs) files=-/ ;;
      *$'\t'*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
      *) candidates+=("${line//:/\\:}") ;;
    esac
  done
  (( ${#candidates} )) && _describe -V tinylua candidates
  [[ -n $files ]] && _files ${files:#-f}
}
if [[ ${funcstack[1]} == _tinylua ]]; then _tinylua "$@"; else compdef _tinylua tinylua; fi
]=]

shells.fish = [=[
# tinylua's completion for fish.
function __tinylua_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program complete -- $words $current 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path $current
            case :dirs
                __fish_complete_directories $current
            case '*'
                echo $line
        end
    end
end
complete -c tinylua -f -k -a '(__tinylua_complete)'
]=]

return shells
