//! schemathesis reads the OpenAPI document and asks everything it allows and forbids: never a fault of ours, and every answer as
//! described.

use std::process::Command;

use djamon_core::domain::Outcome;
use djamon_tests::on_both;
use djamon_tests::scene::{Scene, failed, good};

use super::*;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method";

on_both! {
    fn whatever_is_asked_is_answered_as_the_document_says(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        let shops = scene.group("Shops", true);
        scene.site("Shop", Some(&shops));
        scene.site("Blog", None);
        scene.minutes(4, |slug| if slug == "shop" { failed(Outcome::Connect) } else { good() });
        let mut config = config(&database);
        // No address that is made up leads to this machine.
        config.check.deny_private = true;
        let api = Api::with(&config, token(&mut database.connect(), Scope::Write));
        let python = std::env::var("DJAMON_TEST_PYTHON").expect("make test sets DJAMON_TEST_PYTHON");
        let output = Command::new(python)
            .args(["-m", "schemathesis.cli", "run", "--checks", CHECKS, "--generation-deterministic", "--no-color"])
            .args(["--phases", "coverage,fuzzing", "--max-examples", "5", "--request-timeout", "20"])
            .args(["--header", &format!("Authorization: Bearer {}", api.token), "--url", api.web.address()])
            .arg(format!("{}/api/v1/openapi.json", api.web.address()))
            .current_dir(database.dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("Selected: 24/24"), "{said}");
    }
}
