# bash completion for coracle: the program itself is asked, so names of containers, images and volumes are offered as well.

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
