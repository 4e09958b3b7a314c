//! Forms: fields with what was typed, and what is wrong with it beside each.

use djamon_core::domain::Invalid;
use serde::Serialize;

use crate::body::Form;

/// How a field is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One line.
    Text,
    /// An address.
    Url,
    /// A whole number.
    Number,
    /// Several lines.
    Area,
    /// One of its choices.
    Select,
    /// What must not be seen over a shoulder.
    Password,
}

/// One of the values a field may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// As it is sent.
    pub value: String,
    /// As it is read.
    pub label: String,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Choice { value: value.into(), label: label.into() }
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// What it is called in the form and in errors.
    pub name: &'static str,
    /// What it is called for people.
    pub label: &'static str,
    /// How it is filled.
    pub kind: Kind,
    /// What it is for.
    pub hint: Option<String>,
    /// What is in it.
    pub value: String,
    /// What counts when nothing is in it.
    pub placeholder: String,
    /// What may be in it.
    pub choices: Vec<Choice>,
    /// What browsers may fill in.
    pub autocomplete: Option<&'static str>,
    /// Whether something must be in it.
    pub required: bool,
    /// Whether the cursor is put into it.
    pub focus: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Field {
    /// An empty field.
    pub fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Field {
            name,
            label,
            kind,
            hint: None,
            value: String::new(),
            placeholder: String::new(),
            choices: Vec::new(),
            autocomplete: None,
            required: false,
            focus: false,
            error: None,
        }
    }

    /// The same that must be filled.
    #[must_use]
    pub fn required(self) -> Self {
        Field { required: true, ..self }
    }

    /// The same with the cursor in it.
    #[must_use]
    pub fn focused(self) -> Self {
        Field { focus: true, ..self }
    }

    /// The same with words of what it is for.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Field { hint: Some(hint.into()), ..self }
    }

    /// The same with this in it.
    #[must_use]
    pub fn filled(self, value: impl Into<String>) -> Self {
        Field { value: value.into(), ..self }
    }

    /// The same, which browsers may fill in.
    #[must_use]
    pub fn autocomplete(self, kind: &'static str) -> Self {
        Field { autocomplete: Some(kind), ..self }
    }

    /// The same with these choices.
    #[must_use]
    pub fn choices(self, choices: Vec<Choice>) -> Self {
        Field { choices, ..self }
    }
}

/// Fills each field with what was typed into it; passwords are typed anew.
pub fn keep(fields: &mut [Field], form: &Form) {
    for field in fields.iter_mut().filter(|field| field.kind != Kind::Password) {
        if let Some(value) = form.get(field.name) {
            value.clone_into(&mut field.value);
        }
    }
}

/// A field in which what is saved and what was typed differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What the field is called.
    pub label: &'static str,
    /// As it is kept now.
    pub saved: String,
    /// As it was typed.
    pub typed: String,
}

/// As [`keep`], over fields that hold what is saved; gives where the two differ.
pub fn keep_over(fields: &mut [Field], form: &Form) -> Vec<Difference> {
    let saved: Vec<String> = fields.iter().map(|field| field.value.clone()).collect();
    keep(fields, form);
    let both = fields.iter().zip(saved).filter(|(field, saved)| field.value != *saved);
    both.map(|(field, saved)| Difference { label: field.label, saved, typed: field.value.clone() }).collect()
}

/// Puts what is wrong beside its field, and the cursor into the first of them; gives what belongs to no field.
pub fn complain<'a>(fields: impl IntoIterator<Item = &'a mut Field>, wrong: &[Invalid]) -> Vec<String> {
    let mut fields: Vec<&mut Field> = fields.into_iter().collect();
    let mut others = Vec::new();
    for one in wrong {
        match fields.iter_mut().find(|field| field.name == one.field) {
            Some(field) => {
                field.error.get_or_insert_with(|| one.problem.clone());
            }
            None => others.push(one.to_string()),
        }
    }
    if fields.iter().any(|field| field.error.is_some()) {
        for field in &mut fields {
            field.focus = false;
        }
        if let Some(first) = fields.iter_mut().find(|field| field.error.is_some()) {
            first.focus = true;
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_at_its_field_and_everything_typed_stays() {
        let mut fields = [
            Field::new("name", "Name", Kind::Text).focused(),
            Field::new("password", "Password", Kind::Password),
            Field::new("url", "Address", Kind::Url),
        ];
        let typed = [("name", "Ann"), ("password", "hush"), ("url", "nowhere")];
        keep(&mut fields, &Form(typed.map(|(name, value)| (name.into(), value.into())).into()));
        let wrong =
            [Invalid::new("url", "is none"), Invalid::new("url", "again"), Invalid::new("colour", "is odd")];
        assert_eq!(complain(&mut fields, &wrong), ["colour: is odd"]);
        let of = |field: &Field| (field.value.clone(), field.error.clone(), field.focus);
        assert_eq!(
            fields.each_ref().map(of),
            [
                ("Ann".into(), None, false),
                (String::new(), None, false),
                ("nowhere".into(), Some("is none".into()), true)
            ]
        );
    }
}
