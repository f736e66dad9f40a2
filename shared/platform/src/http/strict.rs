//! Reads JSON so that a struct is only read from an object.
//!
//! A derived `Deserialize` also reads a struct from a sequence of its members in declaration order,
//! for formats without member names. In JSON it would accept `["text", "red"]` as a note and a
//! mark, and a new member would change its meaning. These wrappers refuse only this.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess,
        Visitor,
    },
};

/// A value whose structs, including nested ones, are read only from objects.
#[derive(Debug)]
pub struct Strict<T>(pub T);

/// Reads a value from the bytes of one JSON text: see [`Strict`].
///
/// # Errors
/// Those of [`serde_json::from_slice`], and an array in place of an object.
pub fn from_slice<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<T> {
    serde_json::from_slice::<Strict<T>>(json).map(|Strict(value)| value)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Wrapped(deserializer)).map(Self)
    }
}

/// A deserializer, or a part of one, that wraps everything nested in it.
struct Wrapped<X>(X);

/// The visitor of a struct.
struct OfStruct<V>(V);

macro_rules! deserialize {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> { self.0.$method(Wrapped(visitor)) })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Wrapped<D> {
    type Error = D::Error;

    deserialize! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq deserialize_map
        deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, Wrapped(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Wrapped(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(length, Wrapped(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, length, Wrapped(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, members, OfStruct(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Wrapped(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident $value:ty)*) => {
        $(fn $method<E: Error>(self, value: $value) -> Result<V::Value, E> { self.0.$method(value) })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Wrapped<V> {
    type Value = V::Value;

    visit! {
        visit_bool bool visit_i64 i64 visit_i128 i128 visit_u64 u64 visit_u128 u128 visit_f64 f64 visit_char char visit_str &str
        visit_borrowed_str &'de str visit_string String visit_bytes &[u8] visit_borrowed_bytes &'de [u8] visit_byte_buf Vec<u8>
    }

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Wrapped(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Wrapped(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Wrapped(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Wrapped(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Wrapped(variant))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OfStruct<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with its members by name")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<V::Value, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Seq, &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Wrapped(members))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Wrapped<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Wrapped(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Wrapped<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Wrapped(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Wrapped<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Wrapped(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Wrapped(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Wrapped<A> {
    type Error = A::Error;
    type Variant = Wrapped<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Wrapped<A::Variant>), A::Error> {
        let (name, inside) = self.0.variant_seed(Wrapped(seed))?;
        Ok((name, Wrapped(inside)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Wrapped<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Wrapped(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Wrapped(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(members, OfStruct(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// One of every shape that a request has, and some shapes that no request has yet.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        text: String,
        #[serde(default)]
        inner: Option<Box<Inner>>,
        #[serde(default)]
        several: Vec<Inner>,
        #[serde(default)]
        by_name: BTreeMap<String, Inner>,
        #[serde(default)]
        way: Option<Way>,
        #[serde(default)]
        pair: (u8, f64),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Inner {
        number: Option<i64>,
        wrapped: Wrapper,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Wrapper(BTreeSet<String>);

    #[derive(Debug, PartialEq, Deserialize)]
    enum Way {
        Plain,
        One(Inner),
        Two(u8, Inner),
        Named { inner: Inner },
    }

    #[test]
    fn objects_are_read_as_before() -> serde_json::Result<()> {
        for json in [
            r#"{"text":"å"}"#,
            r#"{"text":"a","inner":{"number":-9223372036854775808,"wrapped":["x","y"]},"pair":[1,2.5]}"#,
            r#"{"text":"a","inner":null,"several":[{},{"number":1}],"by_name":{"k":{"number":null}},"unknown":[1,[2]]}"#,
            r#"{"text":"a","way":"Plain"}"#,
            r#"{"text":"a","way":{"One":{"number":1}}}"#,
            r#"{"text":"a","way":{"Two":[1,{}]}}"#,
            r#"{"text":"a","way":{"Named":{"inner":{}}}}"#,
        ] {
            assert_eq!(
                from_slice::<Outer>(json.as_bytes())?,
                serde_json::from_str(json)?,
                "{json}"
            );
        }
        Ok(())
    }

    #[test]
    fn an_array_in_place_of_an_object_is_refused_at_any_depth() {
        for json in [
            r#"["a"]"#,
            r#"["a",null,[],{},null,[1,2.5]]"#,
            "[]",
            r#"{"text":"a","inner":[1,[]]}"#,
            r#"{"text":"a","inner":[]}"#,
            r#"{"text":"a","several":[[1,[]]]}"#,
            r#"{"text":"a","by_name":{"k":[1,[]]}}"#,
            r#"{"text":"a","way":{"One":[1,[]]}}"#,
            r#"{"text":"a","way":{"Two":[1,[1,[]]]}}"#,
            r#"{"text":"a","way":{"Named":[{}]}}"#,
            r#"{"text":"a","way":{"Named":{"inner":[1,[]]}}}"#,
        ] {
            let error = from_slice::<Outer>(json.as_bytes()).map_err(|error| error.to_string());
            assert!(
                error.as_ref().is_err_and(
                    |error| error.contains("expected an object with its members by name")
                ),
                "{json}: {error:?}"
            );
        }
    }

    #[test]
    fn other_errors_are_those_of_serde_json() {
        for json in [
            "",
            "{",
            "null",
            "7",
            r#""text""#,
            r#"{"text":7}"#,
            r#"{"text":"a","text":"b"}"#,
            r#"{"text":"a"} {}"#,
            "{}",
        ] {
            assert!(
                serde_json::from_str::<Outer>(json).is_err()
                    && from_slice::<Outer>(json.as_bytes()).is_err(),
                "{json}"
            );
        }
    }
}
