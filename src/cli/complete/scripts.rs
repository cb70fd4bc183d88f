//! The scripts that make shells ask this program.

/// The completion script for `bash`, `zsh` or `fish`; `None` for another shell.
pub(crate) fn script(shell: &str) -> Option<&'static str> {
    match shell {
        "bash" => Some(BASH),
        "zsh" => Some(ZSH),
        "fish" => Some(FISH),
        _ => None,
    }
}

/// bash takes `:` and `=` for ends of words; they are joined again, and what stands before the last of them is taken off what is
/// offered, since bash replaces only what comes after it. No help of the package bash-completion is needed.
const BASH: &str = r#"# bash completion for coracle: the program itself is asked, so names of containers, images and volumes are offered as well.

_coracle_complete() {
    local line=${COMP_LINE:0:COMP_POINT} index word words=() cur=
    # Words as the user sees them: pieces without space between them belong together.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if ((index > 0)) && [[ $line != [[:space:]]* && ${#words[@]} -gt 0 ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"$word"}
    done
    cur=${words[${#words[@]}-1]}

    local offered directive=0 replaced=
    mapfile -t offered < <("${words[0]}" __completeNoDesc "${words[@]:1:${#words[@]}-2}" "$cur" 2>/dev/null)
    ((${#offered[@]})) || return
    directive=${offered[${#offered[@]}-1]#:}
    unset "offered[${#offered[@]}-1]"

    if [[ $cur == *[:=]* ]]; then
        replaced=${cur%"${cur##*[:=]}"}
    fi
    COMPREPLY=()
    for word in "${offered[@]}"; do
        COMPREPLY+=("${word#"$replaced"}")
    done
    ((directive & 2)) && compopt -o nospace
    ((directive & 4)) && compopt +o default
    return 0
}

complete -o default -F _coracle_complete coracle
"#;

const ZSH: &str = r#"#compdef coracle
# zsh completion for coracle: the program itself is asked, so names of containers, images and volumes are offered as well.

_coracle() {
    local line directive=0
    local -a lines items
    lines=("${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT-1]}" "${words[CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        if [[ $line == :<-> ]]; then
            directive=${line#:}
        else
            # _describe takes the first colon for the end of the name.
            items+=("${${line%%$'\t'*}//:/\\:}${${(M)line:#*$'\t'*}:+:${line#*$'\t'}}")
        fi
    done
    if ((directive & 2)); then
        _describe -t coracle coracle items -S ''
    else
        _describe -t coracle coracle items
    fi
    ((directive & 4)) || ((${#items})) || _files
}

if [ "$funcstack[1]" = _coracle ]; then
    _coracle "$@"
else
    compdef _coracle coracle
fi
"#;

const FISH: &str = r#"# fish completion for coracle: the program itself is asked, so names of containers, images and volumes are offered as well.

function __coracle_ask
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end

function __coracle_names
    __coracle_ask | string match --invert --regex '^:[0-9]+$'
end

# Files are offered unless the last line says that none are wanted.
function __coracle_wants_no_files
    set -l directive (__coracle_ask | string match --regex --groups-only '^:([0-9]+)$')
    test -n "$directive"; and test (math "floor($directive / 4) % 2") -eq 1
end

complete -c coracle -n __coracle_wants_no_files -f
complete -c coracle -a '(__coracle_names)'
"#;
