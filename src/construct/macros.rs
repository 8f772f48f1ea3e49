//! What the tables in `kinds/` become: builders, parts, words and handles.

/// One method a row: `key: Type` by value, `into` and `each` for what converts, `text`, `texts` and `entries`.
macro_rules! methods {
    () => {};
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: text; $($rest:tt)*) => {
        $(#[$about])*
        #[track_caller]
        pub fn $name(self, value: impl std::fmt::Display) -> Self {
            self.put($crate::construct::macros::key!($name $($key)?), value.to_string())
        }
        $crate::construct::macros::methods! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: texts; $($rest:tt)*) => {
        $(#[$about])*
        #[track_caller]
        pub fn $name(self, values: impl IntoIterator<Item = impl std::fmt::Display>) -> Self {
            let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
            self.put($crate::construct::macros::key!($name $($key)?), values)
        }
        $crate::construct::macros::methods! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: entries; $($rest:tt)*) => {
        $(#[$about])*
        #[track_caller]
        pub fn $name(self, key: impl Into<String>, value: impl std::fmt::Display) -> Self {
            self.put_entry($crate::construct::macros::key!($name $($key)?), key.into(), value.to_string())
        }
        $crate::construct::macros::methods! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: each $ty:ty; $($rest:tt)*) => {
        $(#[$about])*
        #[track_caller]
        pub fn $name(self, values: impl IntoIterator<Item = impl Into<$ty>>) -> Self {
            let values: Vec<$ty> = values.into_iter().map(Into::into).collect();
            self.put($crate::construct::macros::key!($name $($key)?), values)
        }
        $crate::construct::macros::methods! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: into $ty:ty; $($rest:tt)*) => {
        $(#[$about])*
        #[track_caller]
        pub fn $name(self, value: impl Into<$ty>) -> Self {
            let value: $ty = value.into();
            self.put($crate::construct::macros::key!($name $($key)?), value)
        }
        $crate::construct::macros::methods! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: $ty:ty; $($rest:tt)*) => {
        $(#[$about])*
        #[track_caller]
        pub fn $name(self, value: $ty) -> Self {
            self.put($crate::construct::macros::key!($name $($key)?), value)
        }
        $crate::construct::macros::methods! { $($rest)* }
    };
}

/// The key of a row: the method's name, unless that is a word of Rust's own.
macro_rules! key {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $key:literal) => {
        $key
    };
}

/// A kind: its handle, its builder, and one method a row.
macro_rules! kind {
    ($(#[$about:meta])* $Handle:ident, $Builder:ident, $kind:path; $($rows:tt)*) => {
        $(#[$about])*
        ///
        /// This is the handle: what others refer to.
        #[derive(Clone, Debug)]
        pub struct $Handle(pub(in crate::construct) std::sync::Arc<$crate::model::Resource>);

        impl $Handle {
            /// Describes one; `build` adds it to the stack.
            #[track_caller]
            #[must_use = "nothing is added before `.build()`"]
            #[expect(clippy::new_ret_no_self, reason = "what is new is described first and built then")]
            pub fn new(scope: &mut $crate::construct::Scope, name: impl Into<String>) -> $Builder<'_> {
                $Builder::draft(scope, name.into(), std::panic::Location::caller())
            }

            /// Describes what all of the stack are that do not say otherwise; `set` puts it into force.
            #[track_caller]
            #[must_use = "nothing is set before `.set()`"]
            pub fn defaults(
                scope: &mut $crate::construct::Scope,
            ) -> $Builder<'_, $crate::construct::Defaults> {
                $Builder::draft(scope, String::new(), std::panic::Location::caller())
            }

            /// A handle of one that is built later in this scope, or that a short form makes.
            ///
            /// A reference to one that is never built is an error that names the line of the reference.
            pub fn later(scope: &mut $crate::construct::Scope, name: &str) -> $Handle {
                let name = scope.logical(name);
                $Handle(std::sync::Arc::new($crate::model::Resource::new(&$kind, name)))
            }

            /// Says that it had another logical name before: it keeps its physical name and is not replaced.
            #[track_caller]
            pub fn moved_from(&self, scope: &mut $crate::construct::Scope, name: &str) {
                scope.moved(self.address(), name, std::panic::Location::caller());
            }

            /// Its name in the stack, `kind.name`.
            #[must_use]
            pub fn address(&self) -> &$crate::model::Address {
                &self.0.address
            }
        }

        impl<K: $crate::construct::Takes<$Handle>> From<&$Handle> for $crate::construct::Ref<K> {
            fn from(handle: &$Handle) -> Self {
                $crate::construct::Ref::to(handle.address())
            }
        }

        impl $crate::construct::Takes<$Handle> for $Handle {}

        $(#[$about])*
        ///
        /// One method an attribute; `build` checks them against their rows and adds it to the stack.
        #[derive(Debug)]
        #[must_use = "nothing is added before `.build()`"]
        pub struct $Builder<'s, Goal = $crate::construct::Building> {
            pub(in crate::construct) draft: $crate::construct::scope::Draft<'s>,
            goal: std::marker::PhantomData<Goal>,
        }

        impl<'s, Goal> $Builder<'s, Goal> {
            fn draft(scope: &'s mut $crate::construct::Scope, name: String, line: $crate::construct::settings::Line) -> Self {
                let draft = $crate::construct::scope::Draft::new(scope, &$kind, name, line);
                $Builder { draft, goal: std::marker::PhantomData }
            }

            #[track_caller]
            fn put(mut self, key: &'static str, value: impl $crate::construct::settings::Setting) -> Self {
                self.draft.settings.put(key, value);
                self
            }

            #[allow(dead_code, reason = "not every kind has a map")]
            #[track_caller]
            fn put_entry(mut self, key: &'static str, member: String, value: String) -> Self {
                self.draft.settings.put_entry(key, member, value);
                self
            }

            $crate::construct::macros::methods! { $($rows)* }
        }

        impl $Builder<'_> {
            /// The physical name, when it is not the logical one; a plain text.
            #[track_caller]
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.draft.name(name.into());
                self
            }

            /// Adds a tag to this resource, which wins over the stack's.
            #[track_caller]
            pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.draft.tag(key.into(), value.into());
                self
            }

            /// Whether deleting or replacing it, and what its short forms make, is refused until this is taken back.
            pub fn protect(mut self, protect: bool) -> Self {
                self.draft.protect(protect);
                self
            }

            /// Adds it to the stack.
            pub fn build(self) -> $Handle {
                $Handle(std::sync::Arc::new(self.draft.insert()))
            }
        }

        impl $Builder<'_, $crate::construct::Defaults> {
            /// Puts it into force for all of the stack.
            pub fn set(self) {
                self.draft.set_defaults();
            }
        }
    };
}

/// Facts of kinds that exist in AWS by themselves.
macro_rules! facts {
    ($Handle:ident) => {
        impl $Handle {
            /// Its ARN.
            #[must_use]
            pub fn arn(&self) -> $crate::construct::Fact {
                $crate::construct::Fact::of(self.address(), $crate::model::Fact::Arn)
            }

            /// Its physical name.
            #[must_use]
            pub fn name(&self) -> $crate::construct::Fact {
                $crate::construct::Fact::of(self.address(), $crate::model::Fact::Name)
            }
        }
    };
}

/// An object with rows of its own; `or off` where `false` switches off what it would make.
macro_rules! part {
    ($(#[$about:meta])* $Part:ident or off; $($rows:tt)*) => {
        $crate::construct::macros::part! { $(#[$about])* $Part; $($rows)* }

        impl From<$crate::construct::Off> for $Part {
            fn from(_: $crate::construct::Off) -> $Part {
                $Part { settings: $crate::construct::settings::Settings::off() }
            }
        }
    };
    ($(#[$about:meta])* $Part:ident; $($rows:tt)*) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default)]
        #[must_use = "nothing is set before an attribute takes it"]
        pub struct $Part {
            settings: $crate::construct::settings::Settings,
        }

        impl $Part {
            /// Begins with nothing set.
            pub fn new() -> $Part {
                $Part::default()
            }

            #[track_caller]
            fn put(mut self, key: &'static str, value: impl $crate::construct::settings::Setting) -> Self {
                self.settings.put(key, value);
                self
            }

            #[allow(dead_code, reason = "not every part has a map")]
            #[track_caller]
            fn put_entry(mut self, key: &'static str, member: String, value: String) -> Self {
                self.settings.put_entry(key, member, value);
                self
            }

            $crate::construct::macros::methods! { $($rows)* }
        }

        impl $crate::construct::settings::Setting for $Part {
            fn written(self) -> $crate::construct::settings::Written {
                self.settings.written()
            }
        }
    };
}

/// The words that an attribute takes, each with its name in the API.
macro_rules! words {
    ($(#[$about:meta])* $Words:ident; $($(#[$word:meta])* $Word:ident = $api:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Words {
            $($(#[$word])* $Word,)*
        }

        impl $crate::construct::settings::Setting for $Words {
            fn written(self) -> $crate::construct::settings::Written {
                let word = match self {
                    $($Words::$Word => $api,)*
                };
                $crate::construct::settings::Written::plain($crate::value::Value::text(word))
            }
        }
    };
}

/// One function a row that makes what [`with`](crate::construct::template::Subject::with) expects.
macro_rules! matchers {
    () => {};
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: text; $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(value: impl std::fmt::Display) -> $crate::construct::template::Expected {
            $crate::construct::template::Expected::of($crate::construct::macros::key!($name $($key)?), value.to_string())
        }
        $crate::construct::macros::matchers! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: texts; $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(values: impl IntoIterator<Item = impl std::fmt::Display>) -> $crate::construct::template::Expected {
            let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
            $crate::construct::template::Expected::of($crate::construct::macros::key!($name $($key)?), values)
        }
        $crate::construct::macros::matchers! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: entries; $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(key: &str, value: impl std::fmt::Display) -> $crate::construct::template::Expected {
            $crate::construct::template::Expected::entry($crate::construct::macros::key!($name $($key)?), key, &value.to_string())
        }
        $crate::construct::macros::matchers! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: each $ty:ty; $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(values: impl IntoIterator<Item = impl Into<$ty>>) -> $crate::construct::template::Expected {
            let values: Vec<$ty> = values.into_iter().map(Into::into).collect();
            $crate::construct::template::Expected::of($crate::construct::macros::key!($name $($key)?), values)
        }
        $crate::construct::macros::matchers! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: into $ty:ty; $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(value: impl Into<$ty>) -> $crate::construct::template::Expected {
            let value: $ty = value.into();
            $crate::construct::template::Expected::of($crate::construct::macros::key!($name $($key)?), value)
        }
        $crate::construct::macros::matchers! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident $(as $key:literal)?: $ty:ty; $($rest:tt)*) => {
        $(#[$about])*
        #[must_use]
        pub fn $name(value: $ty) -> $crate::construct::template::Expected {
            $crate::construct::template::Expected::of($crate::construct::macros::key!($name $($key)?), value)
        }
        $crate::construct::macros::matchers! { $($rest)* }
    };
}

/// One assertion a kind.
macro_rules! subjects {
    ($($name:ident: $kind:literal;)*) => {
        impl $crate::construct::template::Template {
            $(
                #[doc = concat!("Expects a ", $kind, " of this logical name, made by a short form or not.")]
                ///
                /// # Panics
                /// When there is none: the test fails.
                #[track_caller]
                pub fn $name(&self, name: &str) -> $crate::construct::template::Subject<'_> {
                    self.has($kind, name)
                }
            )*
        }
    };
}

pub(super) use {facts, key, kind, matchers, methods, part, subjects, words};
