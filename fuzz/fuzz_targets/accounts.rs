//! Any bytes as the image's passwd and group files, and any words as a user: an id or an error, never root by accident.
#![no_main]

use coracle::runtime::init::Accounts;
use coracle::runtime::plan::UserPlan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(4, |byte| *byte == 0xff).map(|part| String::from_utf8_lossy(part).into_owned());
    let mut part = || parts.next().unwrap_or_default();
    let (user, group) = (part(), part());
    let accounts = Accounts { passwd: part(), group: part() };
    let plan = UserPlan { user: Some(user.clone()), groups: vec![group], name: "caller".to_owned(), ..UserPlan::default() };
    let Ok(found) = accounts.resolve(&plan) else { return };
    let name = user.split(':').next().unwrap_or_default();
    if let Ok(number) = name.parse::<u32>() {
        assert_eq!(found.uid, number, "a number is an id and no name");
    }
    for text in [accounts.passwd_with(&found, &plan), accounts.group_with(&found, &plan)].into_iter().flatten() {
        let before = text.lines().count();
        assert!(before <= accounts.passwd.lines().count().max(accounts.group.lines().count()) + 1, "one line is added");
    }
});
