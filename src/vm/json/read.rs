//! JSON into Lua: each value goes where it belongs as it is read, with no tree in between.

use std::fmt;

use mlua::{IntoLua, Lua, Table, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Reads JSON; null becomes nil. The error says where it is wrong.
pub fn to_lua(lua: &Lua, text: &[u8]) -> Result<Value, String> {
    let whole = lua.create_table().map_err(|e| e.to_string())?;
    let mut input = serde_json::Deserializer::from_slice(text);
    let read = Slot { lua, table: &whole, key: 1 }.deserialize(&mut input).and_then(|()| input.end());
    read.map_err(|e| e.to_string())?;
    whole.raw_get(1).map_err(|e| e.to_string())
}

/// The place of a table that the next value goes to.
struct Slot<'a, K> {
    lua: &'a Lua,
    table: &'a Table,
    key: K,
}

impl<K: IntoLua> Slot<'_, K> {
    fn put<E: Error>(self, value: impl IntoLua) -> Result<(), E> {
        self.table.raw_set(self.key, value).map_err(E::custom)
    }

    /// A new table in this place.
    fn open<E: Error>(self) -> Result<Table, E> {
        let table = self.lua.create_table().map_err(E::custom)?;
        self.table.raw_set(self.key, &table).map_err(E::custom)?;
        Ok(table)
    }
}

impl<'de, K: IntoLua> DeserializeSeed<'de> for Slot<'_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de, K: IntoLua> Visitor<'de> for Slot<'_, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Value::Nil)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let lua = self.lua;
        let table = self.open()?;
        let mut key = 1;
        while items.next_element_seed(Slot { lua, table: &table, key })?.is_some() {
            key += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let lua = self.lua;
        let table = self.open()?;
        while let Some(key) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            entries.next_value_seed(Slot { lua, table: &table, key: &*key })?;
        }
        Ok(())
    }
}
