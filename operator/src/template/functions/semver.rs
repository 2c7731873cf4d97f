//! Semantic versions.

use std::rc::Rc;

use super::Type::Text;
use super::{Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::version::{Version, satisfies};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("semver", &[Text], |_, mut arguments| {
        let version = Version::parse(&arguments.text().lossy());
        version.map(|version| Value::Version(Rc::new(version))).ok_or_else(|| Fault::new("not a semantic version"))
    }),
    fixed("semverCompare", &[Text, Text], |_, mut arguments| {
        let (constraint, version) = (arguments.text(), arguments.text());
        let version = Version::parse(&version.lossy()).ok_or_else(|| Fault::new("not a semantic version"))?;
        let holds = satisfies(&constraint.lossy(), &version);
        holds.map(Value::Bool).ok_or_else(|| Fault::new("not a constraint on versions"))
    }),
];
