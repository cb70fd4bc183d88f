//! Who the process runs as: names looked up in the container's own `/etc/passwd` and `/etc/group` (`passwd(5)`).
//!
//! Both files come from the image. They are read without blocking, as regular files beneath the root, up to a size;
//! an image without them has no names. A number must be below 2^31 and is an id, never a name: an image's line
//! `1000:x:0:0` must not make user 1000 root (CVE-2016-3697). Anything that is neither a number nor a known name is refused.

use crate::runtime::failure::{Failure, Step};
use crate::runtime::plan::UserPlan;
use crate::runtime::rooted::Rooted;
use rustix::io::Errno;

/// Largest passwd or group file that is read, in bytes. Distributions' are below 10 KiB, sites' a few hundred.
const LARGEST_FILE: u64 = 8 << 20;
/// Largest user or group id (the kernel's signed limit that tools agree on).
const LARGEST_ID: u32 = i32::MAX as u32;

/// A user as resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary group ids.
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: String,
    /// Whether /etc/passwd has an entry for it.
    pub is_listed: bool,
    /// Whether /etc/group has an entry for its primary group.
    pub group_is_listed: bool,
}

/// The container's user and group files.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// /etc/passwd.
    pub passwd: String,
    /// /etc/group.
    pub group: String,
}

impl Accounts {
    /// Reads the files beneath `root`; missing, special or oversized ones are as good as empty.
    pub fn read(root: &Rooted) -> Self {
        let read = |path| match root.read(path, LARGEST_FILE) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(Errno::NOENT) | Err(_) => String::new(),
        };
        Accounts { passwd: read("/etc/passwd"), group: read("/etc/group") }
    }

    /// Finds the user of `plan`, among the users of the host that the container is to know (`--hostuser`) as well.
    pub fn resolve(&self, plan: &UserPlan) -> Step<User> {
        if !plan.extra_passwd.is_empty() {
            let passwd = append(&self.passwd, &plan.extra_passwd);
            let all = Accounts { passwd, group: self.group.clone() };
            return all.resolve(&UserPlan { extra_passwd: Vec::new(), ..plan.clone() });
        }
        let text = plan.user.as_deref().unwrap_or_default();
        let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        let name = if name.is_empty() { "0" } else { name };
        let mut user = self.user(name)?;
        if let (false, Some(home)) = (user.is_listed, &plan.home) {
            user.home.clone_from(home);
        }
        if let Some(group) = group.filter(|group| !group.is_empty()) {
            user.gid = self.group_id(group)?;
            user.groups.clear();
        }
        user.group_is_listed = self.groups().any(|entry| entry.gid == user.gid);
        for group in &plan.groups {
            user.groups.push(self.group_id(group)?);
        }
        user.groups.sort_unstable();
        user.groups.dedup();
        Ok(user)
    }

    fn user(&self, name: &str) -> Step<User> {
        let number = number(name, "user")?;
        let entry = match number {
            Some(uid) => self.users().find(|entry| entry.uid == uid),
            None => self.users().find(|entry| entry.name == name),
        };
        match (entry, number) {
            (Some(entry), _) => Ok(User {
                uid: entry.uid,
                gid: entry.gid,
                groups: self.groups_of(entry.name),
                home: entry.home.to_owned(),
                is_listed: true,
                group_is_listed: true,
            }),
            (None, Some(uid)) => Ok(User { uid, home: "/".to_owned(), ..User::default() }),
            (None, None) => {
                Err(Failure::message(format!("unable to find user {name}: no matching entries in passwd file")))
            }
        }
    }

    fn group_id(&self, group: &str) -> Step<u32> {
        if let Some(gid) = number(group, "group")? {
            return Ok(gid);
        }
        let entry = self.groups().find(|entry| entry.name == group).map(|entry| entry.gid);
        entry
            .ok_or_else(|| Failure::message(format!("unable to find group {group}: no matching entries in group file")))
    }

    fn groups_of(&self, user: &str) -> Vec<u32> {
        self.groups()
            .filter(|entry| entry.members.split(',').any(|member| member == user))
            .map(|entry| entry.gid)
            .collect()
    }

    fn users(&self) -> impl Iterator<Item = PasswdEntry<'_>> {
        self.passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            let home = fields.nth(1).filter(|home| !home.is_empty()).unwrap_or("/");
            Some(PasswdEntry { name, uid, gid, home })
        })
    }

    fn groups(&self) -> impl Iterator<Item = GroupEntry<'_>> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let gid = fields.nth(1)?.parse().ok()?;
            Some(GroupEntry { name, gid, members: fields.next().unwrap_or_default() })
        })
    }

    /// The passwd file with entries added for the user where they are missing; `None` when nothing is.
    pub fn passwd_with(&self, user: &User, plan: &UserPlan) -> Option<String> {
        let is_given = plan.extra_passwd.iter().any(|line| line.split(':').nth(2) == Some(&user.uid.to_string()));
        let entry = (!user.is_listed && !is_given).then(|| match &plan.passwd_entry {
            Some(template) => expand(template, user, &self.free_name(user, plan)),
            None => {
                let name = self.free_name(user, plan);
                let home = if user.home == "/" { "/" } else { &user.home };
                format!("{name}:*:{}:{}:container user:{home}:/bin/sh", user.uid, user.gid)
            }
        });
        let lines: Vec<String> = entry.into_iter().chain(plan.extra_passwd.iter().cloned()).collect();
        (!lines.is_empty()).then(|| append(&self.passwd, &lines))
    }

    /// The group file likewise.
    pub fn group_with(&self, user: &User, plan: &UserPlan) -> Option<String> {
        if user.group_is_listed || (user.is_listed && plan.group_entry.is_none()) {
            return None;
        }
        let entry = match &plan.group_entry {
            Some(template) => expand(template, user, &self.free_name(user, plan)),
            None => format!("{}:x:{}:", self.free_name(user, plan), user.gid),
        };
        Some(append(&self.group, &[entry]))
    }

    /// The host's name of the user when the image does not use it, else the number.
    fn free_name(&self, user: &User, plan: &UserPlan) -> String {
        let is_taken = self.users().any(|entry| entry.name == plan.name);
        if plan.name.is_empty() || is_taken { user.uid.to_string() } else { plan.name.clone() }
    }
}

struct PasswdEntry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

struct GroupEntry<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

/// `Some` for a number in range, `None` for a name; a number out of range is an error.
fn number(text: &str, what: &str) -> Step<Option<u32>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse::<u32>() {
        Ok(id) if id <= LARGEST_ID => Ok(Some(id)),
        _ => Err(Failure::message(format!("{what} id {text} is out of range: it must be from 0 to {LARGEST_ID}"))),
    }
}

fn expand(template: &str, user: &User, name: &str) -> String {
    template
        .replace("$USERNAME", name)
        .replace("$GROUPNAME", name)
        .replace("$UID", &user.uid.to_string())
        .replace("$GID", &user.gid.to_string())
        .replace("$NAME", "container user")
        .replace("$HOME", &user.home)
}

fn append(file: &str, lines: &[String]) -> String {
    let mut text = file.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd:
                "root:x:0:0:root:/root:/bin/sh\nbroken\nwww-data:x:33:33:www:/var/www:/bin/false\n12:x:700:700::/n:\n"
                    .into(),
            group: "root:x:0:\nwww-data:x:33:\nadm:x:4:www-data,other\n4:x:0:\n".into(),
        }
    }

    fn resolve(user: &str) -> Result<(u32, u32, Vec<u32>), String> {
        let plan = UserPlan { user: Some(user.into()), ..UserPlan::default() };
        accounts().resolve(&plan).map(|user| (user.uid, user.gid, user.groups)).map_err(|error| error.message)
    }

    #[test]
    fn names_and_numbers() {
        type Ids = (u32, u32, Vec<u32>);
        let cases: [(&str, Ids); 9] = [
            ("", (0, 0, vec![])),
            ("root", (0, 0, vec![])),
            ("www-data", (33, 33, vec![4])),
            ("33", (33, 33, vec![4])),
            ("33:0", (33, 0, vec![])),
            ("1000", (1000, 0, vec![])),
            ("1000:adm", (1000, 4, vec![])),
            ("12", (12, 0, vec![])),
            ("1000:4", (1000, 4, vec![])),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["nobody-here", "-1", "2147483648", "99999999999999999999", "0x0", "root:nogroup", "1 "] {
            assert!(resolve(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unlisted_user_gets_an_entry() {
        let plan = UserPlan { user: Some("1234".into()), name: "jo".into(), ..UserPlan::default() };
        let user = accounts().resolve(&plan).unwrap();
        assert!(accounts().passwd_with(&user, &plan).unwrap().ends_with("jo:*:1234:0:container user:/:/bin/sh\n"));
        assert_eq!(accounts().group_with(&user, &plan), None);
    }
}
