//! Reads JSON into Lua: each value is stored in its table as it is read, without an intermediate tree.

use std::collections::HashSet;
use std::fmt;

use mlua::{IntoLua, Lua, LuaString, Table, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Reads JSON; null becomes nil. With `unique`, a key that an object has twice is an error. The error has the position.
pub fn to_lua(lua: &Lua, text: &[u8], unique: bool) -> Result<Value, String> {
    let whole = lua.create_table().map_err(|e| e.to_string())?;
    read(Slot { lua, table: &whole, key: 1, only: &[], unique }, text).map_err(|e| e.to_string())?;
    whole.raw_get(1).map_err(|e| e.to_string())
}

/// Reads JSON into a field of a table; of an object only the keys in `only`, or all if that is empty. After an
/// error the field is unchanged or incomplete.
pub fn put(
    lua: &Lua,
    text: &[u8],
    table: &Table,
    key: impl IntoLua,
    only: &[(String, LuaString)],
) -> serde_json::Result<()> {
    read(Slot { lua, table, key, only, unique: false }, text)
}

fn read<K: IntoLua>(slot: Slot<'_, K>, text: &[u8]) -> serde_json::Result<()> {
    // The whole text is validated at once, which is faster than string by string.
    if let Ok(text) = std::str::from_utf8(text) {
        let mut input = serde_json::Deserializer::from_str(text);
        return slot.deserialize(&mut input).and_then(|()| input.end());
    }
    let mut input = serde_json::Deserializer::from_slice(text);
    slot.deserialize(&mut input).and_then(|()| input.end())
}

/// The initial capacity of an object: of many requested keys, one object has only a few.
const ROOM: usize = 8;

/// The field of a table that receives the next value.
struct Slot<'a, K> {
    lua: &'a Lua,
    table: &'a Table,
    key: K,
    /// Of an object in this field only these keys are read; all if empty.
    only: &'a [(String, LuaString)],
    /// Whether a key that an object has twice is an error. Without it the last one counts.
    unique: bool,
}

impl<K: IntoLua> Slot<'_, K> {
    fn put<E: Error>(self, value: impl IntoLua) -> Result<(), E> {
        self.table.raw_set(self.key, value).map_err(E::custom)
    }

    /// A new table in this field.
    fn open<E: Error>(self) -> Result<Table, E> {
        let table = self.lua.create_table_with_capacity(0, self.only.len().min(ROOM)).map_err(E::custom)?;
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
        let (lua, unique) = (self.lua, self.unique);
        let table = self.open()?;
        let mut key = 1;
        while items.next_element_seed(Slot { lua, table: &table, key, only: &[], unique })?.is_some() {
            key += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (lua, only, unique) = (self.lua, self.only, self.unique);
        let table = self.open()?;
        let mut seen = HashSet::new();
        while let Some(key) = entries.next_key_seed(Key { lua, only })? {
            match key {
                Some(key) => {
                    if unique && !seen.insert(key.as_bytes().to_vec()) {
                        return Err(A::Error::custom(format!("the key {:?} is there twice", key.to_string_lossy())));
                    }
                    entries.next_value_seed(Slot { lua, table: &table, key, only: &[], unique })?;
                }
                None => entries.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

/// A key of an object as a Lua string; `None` if it was not requested.
struct Key<'a> {
    lua: &'a Lua,
    only: &'a [(String, LuaString)],
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<LuaString>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<LuaString>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if self.only.is_empty() {
            return self.lua.create_string(name).map(Some).map_err(E::custom);
        }
        Ok(self.only.iter().find(|(wanted, _)| wanted == name).map(|(_, key)| key.clone()))
    }
}
