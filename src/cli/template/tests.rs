//! What templates must give. The tables were checked against a Go program's own evaluation of the same templates.

use super::*;
use serde_json::json;

fn data() -> Value {
    json!({
        "ID": "0123456789abcdef",
        "Names": ["web", "www"],
        "Config": {"Env": ["A=1", "B=2"], "Labels": {"com.example.x": "1", "Z": "2"}, "User": ""},
        "State": {"Running": true, "Pid": 42, "Load": 1.5, "Health": null},
        "Mounts": [{"Source": "/a", "RW": true}, {"Source": "/b", "RW": false}],
        "Labels": {},
        "Size": 18_446_744_073_709_551_615_u64,
    })
}

fn render(template: &str) -> String {
    match Template::parse_named("inspect", template).and_then(|parsed| parsed.render(&data())) {
        Ok(text) => text,
        Err(error) => format!("Error: {error}"),
    }
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        assert_eq!(render(template), *expected, "{template}");
    }
}

#[test]
fn actions_and_control() {
    check(&[
        ("plain", "plain"),
        ("", ""),
        ("a\\tb\\nc", "a\tb\nc"),
        ("{{`raw\\n`}}", "raw\n"),
        ("{{/* c */}}a{{- /* d */ -}} b", "ab"),
        ("x {{- 3 -}} y", "x3y"),
        ("x {{-3}} y", "x -3 y"),
        ("a\n\n  {{- 3 -}}  \n b", "a3b"),
        ("{{.ID}}", "0123456789abcdef"),
        ("{{ .Id }}", "0123456789abcdef"),
        ("{{$.State.Pid}}", "42"),
        ("{{(.State).Pid}}", "42"),
        ("{{with .State}}{{.Pid}}{{$.ID}}{{end}}", "420123456789abcdef"),
        ("{{with .Config.User}}a{{else}}none{{end}}", "none"),
        ("{{with 0}}a{{else with 3}}{{.}}{{end}}", "3"),
        ("{{if false}}a{{else if .State.Running}}b{{else}}c{{end}}", "b"),
        ("{{if .State.Health}}{{.State.Health.Status}}{{else}}no{{end}}", "no"),
        ("{{range .Names}}{{.}} {{end}}", "web www "),
        ("{{range $i, $n := .Names}}{{$i}}={{$n}};{{end}}", "0=web;1=www;"),
        ("{{range $n := .Names}}{{$n}}{{end}}", "webwww"),
        ("{{range .Config.Env}}{{println .}}{{end}}", "A=1\nB=2\n"),
        ("{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}} {{end}}", "Z:2 com.example.x:1 "),
        ("{{range .Labels}}x{{else}}empty{{end}}", "empty"),
        ("{{range .Labels.nothing}}x{{else}}empty{{end}}", "empty"),
        ("{{range .Names}}{{if eq . \"www\"}}{{break}}{{end}}{{.}}{{end}}", "web"),
        ("{{range .Names}}{{if eq . \"web\"}}{{continue}}{{end}}{{.}}{{end}}", "www"),
        ("{{range .Mounts}}{{if .RW}}{{.Source}}{{end}}{{end}}", "/a"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$a := \"x\"}}{{range .Names}}{{$a = print $a .}}{{end}}{{$a}}", "xwebwww"),
        ("{{with $y := upper \"a\"}}{{$y}}{{end}}", "A"),
        ("{{define \"t\"}}[{{.}}]{{end}}{{template \"t\" .State.Pid}}{{template \"t\" 3}}", "[42][3]"),
        ("{{define \"t\"}}[{{.}}]{{end}}{{template \"t\"}}", "[<no value>]"),
        ("{{block \"b\" .State}}<{{.Pid}}>{{end}}", "<42>"),
        ("{{index .Names 1}}", "www"),
        ("{{index .Config.Labels \"com.example.x\"}}", "1"),
        ("{{index .Config.Labels \"nothing\"}}|{{index .Labels \"nothing\"}}", "|"),
        ("{{(index .Mounts 1).Source}}", "/b"),
        ("{{with index .Mounts 0}}{{.Source}}{{end}}", "/a"),
        ("{{.Label \"nothing\"}}", ""),
        ("{{.Config.Label \"com.example.x\"}}", "1"),
    ]);
}

#[test]
fn values_print_as_in_go() {
    check(&[
        ("{{.State.Load}} {{.State.Running}} {{.Size}}", "1.5 true 18446744073709551615"),
        ("{{.State.Health}}", "<nil>"),
        ("{{.Names}}", "[web www]"),
        ("{{.Config.Labels}}", "map[Z:2 com.example.x:1]"),
        ("{{.Labels}}", "map[]"),
        ("{{.Config.Labels.nothing}}", "<no value>"),
        ("{{.Labels.nothing.deeper}}", "<no value>"),
        ("{{1.5e30}} {{1e21}} {{1e20}} {{0.00001}} {{0.5}}", "1.5e+30 1e+21 1e+20 1e-05 0.5"),
        ("{{100000.5}} {{1234567.5}} {{12345678.0}} {{1234567}}", "100000.5 1.2345675e+06 1.2345678e+07 1234567"),
        ("{{0x10}} {{1_000}} {{010}} {{0b11}} {{0o17}} {{'a'}} {{+3}} {{.5}}", "16 1000 8 3 15 97 3 0.5"),
        ("{{\"\\x41\\u00e9\"}}", "Aé"),
        ("{{json .Names}} {{json .State.Health}} {{json \"a<b>&\"}}", "[\"web\",\"www\"] null \"a<b>&\""),
        ("{{json .Config.Labels}}", "{\"Z\":\"2\",\"com.example.x\":\"1\"}"),
        ("{{with .Names}}{{json}}{{end}}", "[\"web\",\"www\"]"),
    ]);
}

#[test]
fn functions_of_go_podman_and_docker() {
    check(&[
        (
            "{{eq 1 2 3 1}}{{ne 1 2}}{{lt 1 2}}{{lt \"a\" \"b\"}}{{ge 2 2}}{{le 1.5 1.5}}{{gt 1 2}}",
            "truetruetruetruetruetruefalse",
        ),
        ("{{and 1 0 2}} {{or 0 \"\" 5}} {{not 0}}", "0 5 true"),
        ("{{if or true (index nil 1)}}short{{end}}{{if and false (index nil 1)}}x{{else}}short{{end}}", "shortshort"),
        ("{{len \"abc\"}} {{len .Names}} {{.ID | len}}", "3 2 16"),
        ("{{slice .ID 0 12}} {{slice \"abc\" 1}} {{slice .Names 1}}", "0123456789ab bc [www]"),
        ("{{split \"a,b\" \",\"}} {{join .Names \"-\"}} {{upper \"a\"}} {{lower \"A\"}}", "[a b] web-www A a"),
        (
            "{{title \"hello wORLD\"}}|{{pad \"a\" 1 2}}|{{pad \"\" 1 1}}|{{truncate \"abcdef\" 3}}",
            "Hello WORLD| a  ||abc",
        ),
        ("{{print 1 2 \"a\" \"b\" 3 4}}|{{println 1 \"a\" nil}}", "1 2ab3 4|1 a <nil>\n"),
        (
            "{{html \"<a&'\\\">\"}} {{js \"a'<\"}} {{urlquery \"a b&é~\"}}",
            "&lt;a&amp;&#39;&#34;&gt; a\\'\\u003C a+b%26%C3%A9~",
        ),
        ("{{\"a\" | printf \"%s-%s\" \"b\"}}", "b-a"),
        ("{{printf \"%s\" (.ID | printf \"v%s\") | len}}", "17"),
    ]);
}

#[test]
fn printf_verbs() {
    check(&[
        (
            "{{printf \"%-10s|%5d|%.2f|%%|%x|%X|%t|%q\" \"a\" 3 1.5 \"hi\" 255 true \"a\\\"b\"}}",
            "a         |    3|1.50|%|6869|FF|true|\"a\\\"b\"",
        ),
        (
            "{{printf \"%v|%05d|%+d|%c|%U|%e|%g|%8.3f|%T\" 1.0 42 7 65 65 1.5 1.5 3.14159 \"x\"}}",
            "1|00042|+7|A|U+0041|1.500000e+00|1.5|   3.142|string",
        ),
        (
            "{{printf \"%6.2f|%-6d|%06.2f|%+.1e|%g|%G\" 1.005 3 1.5 12345.678 1e-7 1e100}}",
            "  1.00|3     |001.50|+1.2e+04|1e-07|1E+100",
        ),
        ("{{printf \"%x %X % x %#x %#o %b %o\" \"hi\" \"hi\" \"hi\" 255 8 5 8}}", "6869 6869 68 69 0xff 010 101 10"),
        ("{{printf \"%q %q %+q %#q\" 65 \"é\\n\" \"é\" \"a\"}}", "'A' \"é\\n\" \"\\u00e9\" `a`"),
        ("{{printf \"%.3s|%5.1s|%-5s|%5t\" \"abcdef\" \"xyz\" \"q\" true}}", "abc|    x|q    | true"),
        ("{{printf \"%[2]d %[1]d\" 1 2}}|{{printf \"%*d|%-*d|\" 5 2 3 5}}", "2 1|    2|5  |"),
        (
            "{{printf \"%5s|%q|%d\" .Names .Names .Names}}",
            "[  web   www]|[\"web\" \"www\"]|[%!d(string=web) %!d(string=www)]",
        ),
        ("{{printf \"%d %s %d\" \"x\" 3 nil}}", "%!d(string=x) %!s(int=3) %!d(<nil>)"),
        (
            "{{printf \"%s %s\" \"a\"}} {{printf \"%d\" 1 2}} {{printf \"%z\" 1}}",
            "a %!s(MISSING) 1%!(EXTRA int=2) %!z(int=1)",
        ),
        (
            "{{printf \"%\"}} {{printf \"%10\"}} {{printf \"%[3]d\" 1}} {{printf \"%!\"}}",
            "%!(NOVERB) %!(NOVERB) %!d(BADINDEX) %!!(MISSING)",
        ),
        ("{{printf \"%.5d|%8.5d|%-8.5d|%+.5d|%.0d\" 42 42 42 42 0}}", "00042|   00042|00042   |+00042|"),
        ("{{printf \"%x|%o|%08.3f|%+08d|% d\" -255 -8 -3.14159 42 5}}", "-ff|-10|-003.142|+0000042| 5"),
        (
            "{{printf \"%.3g %.10g %.1g %g %g\" 123456.0 123456.0 123456.0 1000000.0 0.0001}}",
            "1.23e+05 123456 1e+05 1e+06 0.0001",
        ),
        ("{{printf \"%T %T %T %T %T\" 1 1.5 true \"a\" nil}}", "int float64 bool string <nil>"),
    ]);
}

#[test]
fn errors_read_like_go() {
    check(&[
        (
            "{{.Foo}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <.Foo>: can't evaluate field Foo in type struct",
        ),
        (
            "a\n{{.State.Foo}}",
            "Error: template: inspect:2:8: executing \"inspect\" at <.State.Foo>: can't evaluate field Foo in type struct",
        ),
        (
            "{{.State.Health.Status}}",
            "Error: template: inspect:1:15: executing \"inspect\" at <.State.Health.Status>: nil pointer evaluating interface {}.Status",
        ),
        ("{{if}}", "Error: template: inspect:1: missing value for if"),
        ("{{", "Error: template: inspect:1: unclosed action"),
        ("{{range .}}", "Error: template: inspect:1: unexpected EOF"),
        ("{{end}}", "Error: template: inspect:1: unexpected {{end}}"),
        ("{{else}}", "Error: template: inspect:1: unexpected {{else}}"),
        ("{{nofunc 1}}", "Error: template: inspect:1: function \"nofunc\" not defined"),
        ("{{$x}}", "Error: template: inspect:1: undefined variable \"$x\""),
        ("{{.ID}", "Error: template: inspect:1: bad character U+007D '}'"),
        ("{{(1}}", "Error: template: inspect:1: unclosed left paren"),
        ("{{\"unterminated}}", "Error: template: inspect:1: unterminated quoted string"),
        ("{{'ab'}}", "Error: template: inspect:1: malformed character constant: 'ab'"),
        ("{{99999999999999999999}}", "Error: template: inspect:1: integer overflow: \"99999999999999999999\""),
        ("{{/* a", "Error: template: inspect:1: unclosed comment"),
        ("{{break}}", "Error: template: inspect:1: {{break}} outside {{range}}"),
        ("{{true | false}}", "Error: template: inspect:1: non executable command in pipeline stage 2"),
        ("{{nil}}", "Error: template: inspect:1:2: executing \"inspect\" at <nil>: nil is not a command"),
        (
            "{{1 2}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <1>: can't give argument to non-function 1",
        ),
        (
            "{{len 3}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <len 3>: error calling len: len of type int",
        ),
        (
            "{{eq 1 \"a\"}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <eq 1 \"a\">: error calling eq: incompatible types for comparison",
        ),
        (
            "{{index .Names 5}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <index .Names 5>: error calling index: index out of range: 5",
        ),
        ("{{upper 1}}", "Error: template: inspect:1:8: executing \"inspect\" at <1>: expected string; found 1"),
        (
            "{{len}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <len>: wrong number of args for len: want 1 got 0",
        ),
        (
            "{{template \"x\"}}",
            "Error: template: inspect:1:11: executing \"inspect\" at <{{template \"x\"}}>: template \"x\" not defined",
        ),
        (
            "{{range .ID}}{{end}}",
            "Error: template: inspect:1:8: executing \"inspect\" at <.ID>: range can't iterate over 0123456789abcdef",
        ),
        ("{{nofunc \u{1b}[31m}}", "Error: template: inspect:1: unrecognized character in action: U+001B"),
        (
            "{{`\u{1b}` 1}}",
            "Error: template: inspect:1:2: executing \"inspect\" at <`\\u{1b}`>: can't give argument to non-function `\\u{1b}`",
        ),
    ]);
}

#[test]
fn hostile_templates_end() {
    let nested = |open: &str, close: &str, count: usize| open.repeat(count) + "1" + &close.repeat(count);
    let error = |template: &str| render(template).starts_with("Error: ");
    assert!(error(&format!("{{{{{}}}}}", nested("(", ")", 100_000))));
    assert!(error(&nested("{{if true}}", "{{end}}", 100_000)));
    assert!(error(&("{{if false}}".to_owned() + &"{{else if false}}".repeat(100_000) + "{{end}}")));
    assert!(error("{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}"));
    let deep = format!(
        "{{{{define \"x\"}}}}{}{{{{end}}}}{{{{template \"x\"}}}}",
        nested("{{with 1}}", "{{end}}", 90).replace('1', "{{template \"x\"}}")
    );
    assert!(error(&deep.replace("with {{template \"x\"}}", "with 1")));
    assert!(error("{{$x := \"ab\"}}{{range 60}}{{$x = print $x $x}}{{end}}"));
    assert!(error("{{range 1000000}}{{range 1000000}}{{range 1000000}}{{end}}{{end}}{{end}}"));
    assert!(error("{{range 1000000}}{{printf \"%1000000d\" 1}}{{end}}"));
    assert!(error("{{pad \"a\" 99999999999 1}}"));
    assert_eq!(render("{{printf \"%99999999999d|%.99999999999f\" 1 1.5}}"), "1|1.500000");
    for cut in 0.."{{range $i, $é := split \"a,b\" `,`}}{{- $é | printf \"%-5s\" -}}{{end}}".len() {
        let text = "{{range $i, $é := split \"a,b\" `,`}}{{- $é | printf \"%-5s\" -}}{{end}}";
        if let Some(part) = text.get(..cut) {
            let _: String = render(part);
        }
    }
}

#[test]
fn tables_have_headers_and_aligned_columns() {
    let headers = |field: &str| match field {
        "ID" => "CONTAINER ID".to_owned(),
        other => header_of(other),
    };
    let rows = [
        json!({"ID": "0123456789ab", "Names": ["web"], "State": "running", "Labels": {}}),
        json!({"ID": "1", "Names": ["a-much-longer-name", "b"], "State": "exited", "Labels": {}}),
    ];
    let render = |format: &str| {
        Template::parse_named("ps", format)
            .and_then(|template| template.render_table(&headers, &rows))
            .unwrap_or_else(|error| error.to_string())
    };
    let expected = "CONTAINER ID  NAMES                 STATE\n\
                    0123456789ab  web                   running\n\
                    1             a-much-longer-name,b  exited\n";
    assert_eq!(render("table {{.ID}}\\t{{join .Names \",\"}}\\t{{.State}}"), expected);
    assert_eq!(render("table {{.ID}} {{join .Names \",\"}} {{.State}}"), expected);
    assert_eq!(
        render("table {{slice .ID 0 1}}\\t{{printf \"%5.1q\" .State}}"),
        "CONTAINER ID  STATE\n0             \"r\"\n1             \"e\"\n"
            .replace("\"r\"", "  \"r\"")
            .replace("\"e\"", "  \"e\"")
    );
    assert_eq!(render("table {{range .Names}}{{.}} {{end}}").lines().next(), Some("NAMES"));
    let template = Template::parse("{{range .}}{{.ID}},{{end}}").expect("a template");
    assert_eq!(template.render_rows(&rows).expect("rows"), "0123456789ab,1,\n");
    let template = Template::parse("{{.ID}}").expect("a template");
    assert!(!template.is_table());
    assert_eq!(template.render_rows(&rows).expect("rows"), "0123456789ab\n1\n");
}

#[test]
fn headers_are_the_words_of_the_field() {
    for (field, header) in
        [("ID", "ID"), ("ImageID", "IMAGE ID"), ("CreatedAt", "CREATED AT"), ("OSType", "OS TYPE"), ("Names", "NAMES")]
    {
        assert_eq!(header_of(field), header);
    }
}

#[test]
fn columns_are_runs_of_neighbouring_lines() {
    assert_eq!(
        align("a\tb\nlonger than twelve\tc\nplain\nx\ty"),
        "a                   b\nlonger than twelve  c\nplain\nx           y"
    );
}

#[test]
fn go_names_find_the_json_names() {
    let info = json!({"host": {"ociRuntime": {"name": "x"}, "cgroupVersion": "v2", "cpus": 2, "security": {"capabilities": "A"}}});
    let render = |text: &str| Template::parse(text).and_then(|template| template.render(&info)).expect("renders");
    assert_eq!(render("{{.Host.OCIRuntime.Name}} {{.Host.CgroupsVersion}} {{.Host.CPUs}}"), "x v2 2");
    assert_eq!(render("{{.Host.Security.DefaultCapabilities}} {{json .Host.OCIRuntime}}"), "A {\"name\":\"x\"}");
    assert!(Template::parse("{{.Host.Nothing}}").expect("a template").render(&info).is_err());
}

#[test]
fn lists_are_walked_and_blamed_as_podmans() {
    let rows = [json!({ "ID": "a", "Mounts": ["/x", "/y"] })];
    let rendered = |text: &str| Template::parse_list("ps", text).and_then(|template| template.render_rows(&rows));
    assert_eq!(rendered("{{range .Mounts}}{{.}} {{end}}").as_deref(), Ok("/x /y \n"));
    assert_eq!(rendered("{{range .}}{{.ID}}{{end}}").as_deref(), Ok("a\n"));
    assert_eq!(rendered("{{- range $row := . -}}{{$row.ID}}{{end}}").as_deref(), Ok("a\n"));
    let blame =
        "template: ps:1:13: executing \"ps\" at <.Bogus>: can't evaluate field Bogus in type containers.psReporter";
    assert_eq!(rendered("{{.Bogus}}").unwrap_err().to_string(), blame);
}
