//! `apply` and `export`: what a file says becomes what there is, and what there is becomes a file.

use djamon_tests::place::Place;

const FILE: &str = r#"
[[group]]
name = "Shops"

[[site]]
name = "Checkout"
url = "https://ann:hunter2@shop.example/checkout"
group = "shops"
timeout = "3s"
good_codes = ["200-299", 404]
headers = { X-Token = "hunter2", Accept = "text/html" }

[[site]]
url = "http://blog.example/"
group = "Shops"
public = false
paused = true

[[channel]]
name = "ops"
kind = "email"
from = "djamon@shop.example"
to = ["ops@shop.example"]
file_dir = "mail"
"#;

fn applied() -> Place {
    let place = Place::default();
    place.write("sites.toml", FILE);
    let plan = "+ group shops\n+ site checkout\n+ site blog-example\n+ channel ops\n";
    assert_eq!(place.done(&["apply", "sites.toml", "--dry-run"]), plan);
    assert_eq!(place.done(&["site", "list"]), "", "a dry run writes nothing");
    assert_eq!(place.done(&["apply", "sites.toml"]), plan);
    place
}

#[test]
fn a_file_is_applied_once_and_changes_nothing_when_it_is_applied_again() {
    let place = applied();
    assert_eq!(place.done(&["apply", "sites.toml"]), "");
    let site = place.json(&["site", "show", "checkout", "--json"]);
    assert_eq!((&site["group"], &site["version"]), (&"shops".into(), &1.into()));
    let blog = place.json(&["site", "show", "blog-example", "--json"]);
    assert_eq!((&blog["state"], &blog["public"]), (&"paused".into(), &false.into()));
    let mail = place.path().join("mail");
    let export = place.done(&["export"]);
    assert!(
        export.contains(&format!("file_dir = {mail:?}\n")),
        "paths start at the file's directory: {export}"
    );
}

#[test]
fn an_export_applied_to_what_it_came_from_changes_nothing() {
    let place = applied();
    for words in [&["export"][..], &["export", "--with-secrets"]] {
        let file = place.done(words);
        let said = place.run_with_input(&["apply", "-", "--prune"], &file);
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""), "{file}");
    }
    let secrets = place.done(&["export", "--with-secrets"]);
    assert!(secrets.contains("ann:hunter2@") && secrets.contains("X-Token = \"hunter2\""), "{secrets}");
}

#[test]
fn an_export_with_secrets_makes_the_same_elsewhere() {
    let (here, there) = (applied(), Place::default());
    let file = here.done(&["export", "--with-secrets"]);
    assert_eq!(there.run_with_input(&["apply", "-"], &file).code, 0);
    assert_eq!(there.done(&["export", "--with-secrets"]), file);
    let masked = here.done(&["export"]);
    assert_eq!(
        Place::default().run_with_input(&["apply", "-"], &masked).refusal(2),
        "stdin:13: [[site]] url: its user name and password are masked and not known here; write them out"
    );
}

#[test]
fn what_differs_is_changed_by_key_and_what_is_gone_goes_only_when_pruned() {
    let place = applied();
    place.write(
        "sites.toml",
        "[[group]]\nname = \"Stores\"\nslug = \"shops\"\n[[site]]\nname = \"Pay\"\nslug = \"checkout\"\nurl = \
         \"https://shop.example/pay\"\ngroup = \"Stores\"\nattempts = 5\n",
    );
    let changes = "~ group shops: name\n~ site checkout: name, url, good_codes, timeout, attempts, headers\n";
    assert_eq!(place.done(&["apply", "sites.toml"]), changes);
    assert_eq!(place.done(&["apply", "sites.toml"]), "");
    assert!(place.done(&["site", "list"]).contains("blog-example"));
    assert_eq!(place.done(&["apply", "sites.toml", "--prune"]), "- site blog-example\n- channel ops\n");
    let export = place.done(&["export"]);
    assert!(!export.contains("blog") && !export.contains("channel"), "{export}");
}

#[test]
fn a_site_paused_by_hand_stays_paused_when_the_file_does_not_say() {
    let place = applied();
    place.done(&["site", "pause", "checkout"]);
    assert_eq!(place.done(&["apply", "sites.toml"]), "");
    assert_eq!(place.json(&["site", "show", "checkout", "--json"])["state"], "paused");
}

#[test]
fn a_group_that_is_used_is_not_pruned() {
    let place = applied();
    place.write(
        "sites.toml",
        "[[site]]\nslug = \"checkout\"\nurl = \"http://a.example/\"\ngroup = \"shops\"\n",
    );
    let plan = place.done(&["apply", "sites.toml", "--prune"]);
    assert!(!plan.contains("- group"), "{plan}");
    assert_eq!(place.json(&["site", "show", "checkout", "--json"])["group"], "shops");
}

#[test]
fn a_file_with_a_problem_changes_nothing_at_all() {
    let place = applied();
    let before = place.done(&["export", "--with-secrets"]);
    place.write(
        "bad.toml",
        "[[site]]\nurl = \"http://new.example/\"\n[[site]]\nurl = \"http://other.example/\"\ngroup = \"nowhere\"\n",
    );
    assert_eq!(
        place.refused(2, &["apply", "bad.toml", "--prune"]),
        "bad.toml:3: [[site]] group: there is no group \"nowhere\" (shops); add a [[group]] of this name"
    );
    assert_eq!(place.done(&["export", "--with-secrets"]), before);
}

#[test]
fn every_problem_of_a_file_is_told_with_its_line() {
    let place = Place::default();
    place.write("bad.toml", "[[site]]\nulr = \"http://a.example/\"\n[[group]]\nname = \"\"\n");
    let said = place.run(&["apply", "bad.toml"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert_eq!(
        said.err,
        "djamon-check: bad.toml:1: [[site]] url: is missing\n\
         djamon-check: bad.toml:2: [[site]] ulr: is not a key; did you mean url?\n\
         djamon-check: bad.toml:4: [[group]] name: \"\" cannot be a name; use 1 to 200 printable characters\n"
    );
}
