# fish completion for coracle: the program itself is asked, so names of containers, images and volumes are offered as well.

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
