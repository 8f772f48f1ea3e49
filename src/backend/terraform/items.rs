//! Lists whose items are resources beside the main one, one of a type for each item.
//!
//! They are one block with `for_each`: a map from what tells the items apart to what differs between them.

use hcl::Expression;
use hcl::expr::ObjectKey;

use super::layout::{Body, Item, Piece, object, path, template};
use super::render::Written;
use super::spell::{self, Spelled, Words as _};
use crate::kind::Row;
use crate::kind::terraform::{Beside, Tie, Word};
use crate::model::{Fact, Ref, Resource};
use crate::value::Value;

/// A list of a kind that has items in resources of one type.
pub struct Items {
    /// The list.
    pub list: &'static Row,
    /// The member by which the items are told apart.
    pub key: &'static str,
    rows: &'static [Row],
    resource: &'static str,
}

impl Items {
    /// The list that resources of this type hold items of, if they do.
    pub fn of(rows: &'static [Row], beside: &Beside) -> Option<Items> {
        rows.iter().find_map(|list| {
            let (key, rows) = spell::items_of(list)?;
            let item = Items { list, key, rows, resource: beside.resource };
            let holds = item.held().next().is_some();
            holds.then_some(item)
        })
    }

    /// The members that these resources hold.
    fn held(&self) -> impl Iterator<Item = (&'static Row, Spelled<'static>)> {
        let resource = self.resource;
        let spelled = self.rows.iter().map(|row| (row, Spelled::of(row.terraform, &|_| true)));
        spelled.filter(move |(_, spelled)| spelled.beside == Some(resource))
    }

    /// The items that have such a resource: a member that says whether it is there may say no, or be of other items.
    pub fn there<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let absent = |item: &Value| {
            self.held().filter(|(_, spelled)| spelled.name.is_empty()).any(|(row, spelled)| {
                item.get(row.key).as_bool() == Some(false) || spelled.of.is_some_and(|of| item.get(of).is_null())
            })
        };
        value.as_list().unwrap_or_default().iter().filter(|item| !absent(item)).collect()
    }

    /// The same of a resource of a stack.
    pub fn there_in<'a>(&self, resource: &'a Resource) -> Vec<&'a Value> {
        self.there(resource.get(self.list))
    }
}

impl Written<'_> {
    /// Writes the block of resources of one type; none where no item has one.
    pub(super) fn items(&self, items: &Items, beside: &Beside) -> Option<Body> {
        let list = self.get(items.list);
        let there = items.there(&list);
        if there.is_empty() {
            return None;
        }
        let said: Vec<Body> = there.iter().map(|item| self.differing(items, beside, item)).collect();
        let names = Name::all(&said);
        let members = there.iter().zip(&said).map(|(item, one)| {
            let key = self.words.words(item.get(items.key));
            (
                ObjectKey::Expression(key),
                object(names.iter().map(|name| (name.text.clone(), name.value_in(one, &said)))),
            )
        });
        let mut body = Body::default();
        body.argument("for_each", Expression::Object(members.collect()));
        for (name, tie) in beside.arguments {
            match tie {
                Tie::Peer(before, resource, attribute) => {
                    let peer = format!("{resource}.{}[each.key].{attribute}", self.label);
                    body.argument(name, template(&[Piece::Text((*before).to_owned()), Piece::Path(peer)]));
                }
                Tie::Name(_) | Tie::Each(_) => body.argument(name, each(name)),
                tie => body.argument(name, self.tied(tie)),
            }
        }
        for (row, spelled) in items.held().filter(|(_, spelled)| !spelled.name.is_empty()) {
            if row.key == items.key {
                body.argument(spelled.name, path("each.key"));
            } else if names.iter().any(|name| !name.is_block && name.text == spelled.name) {
                body.argument(spelled.name, each(spelled.name));
            }
        }
        names.iter().filter(|name| name.is_block).for_each(|name| name.write_block(&said, &mut body));
        Some(body)
    }

    /// What is said of one item alone.
    fn differing(&self, items: &Items, beside: &Beside, item: &Value) -> Body {
        let mut body = Body::default();
        for (name, tie) in beside.arguments {
            match tie {
                Tie::Name(key) => body.argument(name, self.words.words(&name_of(item.get(key)))),
                Tie::Each(make) => body.argument(name, self.made(&make(&item.get(items.key).plain()))),
                _ => {}
            }
        }
        for (row, spelled) in items.held().filter(|(row, _)| row.key != items.key) {
            if !spelled.name.is_empty() {
                let row = std::slice::from_ref(row);
                spell::write(row, &|row| item.get(row.key).clone(), self.words, &|_| true, &mut body);
            }
        }
        body
    }

    fn made(&self, words: &[Word]) -> Expression {
        let own = |attribute: &str| format!("{}.{}.{attribute}", self.spelling.resource, self.label);
        let pieces = words.iter().flat_map(|word| match word {
            Word::Text(text) => self.words.text(text),
            Word::Own(attribute) => vec![Piece::Path(own(attribute))],
            Word::Digest(attribute) => vec![Piece::Path(format!("substr(sha256({}), 0, 16)", own(attribute)))],
        });
        template(&pieces.collect::<Vec<_>>())
    }
}

/// An argument or a block that some item has; Terraform wants the values of all to have the same members.
#[derive(PartialEq, Eq)]
struct Name {
    text: String,
    is_block: bool,
}

impl Name {
    /// Those of all items, each once.
    fn all(said: &[Body]) -> Vec<Name> {
        let mut names = Vec::new();
        for item in said.iter().flat_map(|body| &body.0) {
            let name = match item {
                Item::Argument(name, _) => Name { text: name.clone(), is_block: false },
                Item::Block(name, ..) => Name { text: name.clone(), is_block: true },
                Item::Comment(_) => continue,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What one item says of it; a block is an object with the arguments that it has in any.
    fn value_in(&self, one: &Body, said: &[Body]) -> Expression {
        if !self.is_block {
            return one.value_of(&self.text).unwrap_or(Expression::Null);
        }
        let Some(block) = one.block_named(&self.text) else { return Expression::Null };
        let members = self.members(said).into_iter();
        object(members.map(|name| (name.clone(), block.value_of(&name).unwrap_or(Expression::Null))))
    }

    /// The arguments that a block has in any item.
    fn members(&self, said: &[Body]) -> Vec<String> {
        let mut members = Vec::new();
        for item in said.iter().filter_map(|body| body.block_named(&self.text)).flat_map(|block| &block.0) {
            if let Item::Argument(name, _) = item
                && !members.contains(name)
            {
                members.push(name.clone());
            }
        }
        members
    }

    /// Writes the block: as it is where all items have it, else only for those that do.
    fn write_block(&self, said: &[Body], body: &mut Body) {
        let all = said.iter().all(|one| one.has_block(&self.text));
        let from = if all { format!("each.value.{}", self.text) } else { format!("{}.value", self.text) };
        let mut inner = Body::default();
        for name in self.members(said) {
            inner.argument(&name, path(&format!("{from}.{name}")));
        }
        if all {
            body.block(&self.text, &[], inner);
            return;
        }
        let mut dynamic = Body::default();
        // A splat of nothing is an empty list.
        dynamic.argument("for_each", path(&format!("each.value.{}[*]", self.text)));
        dynamic.block("content", &[], inner);
        body.block("dynamic", &[&self.text], dynamic);
    }
}

/// The name of what is referred to; what is outside the stack is named by its ARN, since it may be another account's.
fn name_of(value: &Value) -> Value {
    let address = value.as_ref().and_then(Ref::address);
    address.map_or_else(|| value.clone(), |address| Ref::hard(address, Fact::Name))
}

fn each(name: &str) -> Expression {
    path(&format!("each.value.{name}"))
}
