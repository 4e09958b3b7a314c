//! What is read from a file of `apply`, and what is said of one that cannot be taken.

use super::*;

fn read(text: &str) -> Result<Wanted, Vec<String>> {
    Wanted::read("sites.toml", text, Path::new("/etc/djamon"))
}

#[test]
fn slugs_are_given_or_come_from_names_in_the_order_of_the_file() {
    let wanted = read(
        "[[site]]\nurl = \"http://a.example/\"\nname = \"Shop\"\n[[site]]\nurl = \"http://b.example/\"\nslug = \
         \"shop\"\n[[site]]\nurl = \"http://c.example/x\"\n",
    );
    let slugs: Vec<_> = wanted.unwrap().sites.into_iter().map(|site| site.slug).collect();
    assert_eq!(slugs, ["shop-2", "shop", "c-example-x"]);
}

#[test]
fn every_problem_has_its_line_and_key() {
    let problems = read(
        "[[group]]\nnmae = \"Shops\"\n\n[[site]]\nurl = \"ftp://a.example/\"\n\n[[site]]\nurl = \
         \"http://a.example/\"\ntimeout = \"21s\"\ntimout = \"5s\"\nattempts = \"3\"\n\n[web]\n",
    )
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "sites.toml:1: [[group]] name: is missing",
            "sites.toml:2: [[group]] nmae: is not a key; did you mean name?",
            "sites.toml:5: [[site]] url: \"ftp://a.example/\" is ftp:, but only http: and https: can be checked",
            "sites.toml:9: [[site]] timeout: 21s is out of range; use up to 20s",
            "sites.toml:10: [[site]] timout: is not a key; did you mean timeout?",
            "sites.toml:11: [[site]] attempts: invalid type: string \"3\", expected u32",
            "sites.toml:13: [[web]] is not known here; the file has [[group]], [[site]] and [[channel]]",
        ]
    );
}

#[test]
fn what_stands_there_twice_is_refused() {
    let site = "[[site]]\nurl = \"http://a.example/\"\nslug = \"a\"\n";
    assert_eq!(
        read(&format!("{site}{site}")).unwrap_err(),
        ["sites.toml:4: [[site]] slug: \"a\" stands in this file twice"]
    );
}

#[test]
fn a_wrong_channel_is_told_by_line_and_its_secret_never_repeated() {
    let problems = read(
        "[[channel]]\nname = \"ops\"\nkind = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@b.example\"]\npassword = \
         \"hunter2\"\npassword_file = \"/x\"\n[[channel]]\nname = \"email\"\nkind = \"pager\"\n",
    )
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "sites.toml:7: [[channel]] password_file: password is given too; keep one of them",
            "sites.toml:9: [[channel]] name: \"email\" is the channel of [email] in djamon.toml; choose another name",
            "sites.toml:10: [[channel]] kind: \"pager\" is not a kind of channel; did you mean \"pagerduty\"?",
        ]
    );
}

#[test]
fn what_is_no_toml_is_refused_by_line() {
    assert!(read("[[site]]\nurl = \n").unwrap_err()[0].starts_with("sites.toml:2: "));
    assert_eq!(read("site = 1\n").unwrap_err(), ["sites.toml:1: site is a list; write [[site]]"]);
}
