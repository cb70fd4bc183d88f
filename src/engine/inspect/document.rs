//! JSON objects that keep the order of their fields, as people read them.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A JSON value whose objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// An object.
    Object(Vec<(&'static str, Document)>),
    /// A list.
    List(Vec<Document>),
    /// Anything else; objects in it are ordered by name.
    Value(Value),
}

impl Document {
    /// An object with more fields at its end.
    pub(super) fn and(self, more: Vec<(&'static str, Document)>) -> Document {
        match self {
            Document::Object(mut fields) => {
                fields.extend(more);
                Document::Object(fields)
            }
            other => other,
        }
    }

    /// Anything that becomes JSON: what is put in here has text for keys and cannot fail to.
    pub(super) fn of<T: Serialize>(value: T) -> Document {
        Document::Value(serde_json::to_value(value).unwrap_or_default())
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Document::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Document::List(items) => serializer.collect_seq(items),
            Document::Value(value) => value.serialize(serializer),
        }
    }
}

/// An object: `object! { "Name" => value, ... }`, where a value is anything serde knows.
macro_rules! object {
    ($($name:literal => $value:expr),* $(,)?) => {
        Document::Object(vec![$(($name, IntoDocument::into_document($value))),*])
    };
}
pub(super) use object;

/// What can stand in [`object!`].
pub(super) trait IntoDocument {
    /// As a document.
    fn into_document(self) -> Document;
}

impl IntoDocument for Document {
    fn into_document(self) -> Document {
        self
    }
}

impl IntoDocument for Vec<Document> {
    fn into_document(self) -> Document {
        Document::List(self)
    }
}

/// Plain values.
macro_rules! plain {
    ($($type:ty),*) => {
        $(impl IntoDocument for $type {
            fn into_document(self) -> Document {
                Document::of(self)
            }
        })*
    };
}
plain!(bool, i32, u32, i64, u64, usize, String, &str, &String, Vec<String>, &Vec<String>, &[String], Value);
plain!(Option<Vec<Value>>, Vec<u32>, Option<u64>, Option<Vec<String>>, std::collections::BTreeMap<String, String>);
plain!(&std::collections::BTreeMap<String, String>, std::collections::BTreeMap<String, Value>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order() {
        let document = object! { "b" => 1_u32, "a" => object! { "z" => "x", "y" => vec![object! {}] } };
        assert_eq!(serde_json::to_string(&document).unwrap(), r#"{"b":1,"a":{"z":"x","y":[{}]}}"#);
    }
}
