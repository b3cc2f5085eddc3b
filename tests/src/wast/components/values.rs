//! Types and values of components, as they lie in memory and as they are passed.
//!
//! Source: `design/mvp/CanonicalABI.md` of the component model.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use wasmparser::component_types::{ComponentDefinedType, ComponentValType};
use wasmparser::{PrimitiveValType, types::TypesRef};
use wast::component::WastVal;

/// A type of values.
#[derive(Clone, PartialEq, Debug)]
pub enum Type {
    Bool,
    Integer { signed: bool, bytes: u32 },
    Float { bytes: u32 },
    Char,
    String,
    List(Box<Type>),
    Record(Vec<(String, Type)>),
    Tuple(Vec<Type>),
    Variant(Vec<(String, Option<Type>)>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Option(Box<Type>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    Map(Box<Type>, Box<Type>),
}

/// A type of core WebAssembly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Core {
    I32,
    I64,
    F32,
    F64,
}

impl Core {
    /// Its name in the text format.
    pub fn name(self) -> &'static str {
        match self {
            Core::I32 => "i32",
            Core::I64 => "i64",
            Core::F32 => "f32",
            Core::F64 => "f64",
        }
    }

    fn join(self, other: Core) -> Core {
        match (self, other) {
            (one, other) if one == other => one,
            (Core::I32, Core::F32) | (Core::F32, Core::I32) => Core::I32,
            _ => Core::I64,
        }
    }
}

impl Type {
    /// The type that a parser knows.
    ///
    /// # Errors
    /// What has no values here, such as handles.
    pub fn read(types: TypesRef<'_>, ty: ComponentValType) -> Result<Type> {
        let boxed = |ty| Type::read(types, ty).map(Box::new);
        let id = match ty {
            ComponentValType::Primitive(ty) => return primitive(ty),
            ComponentValType::Type(id) => id,
        };
        Ok(match &types[id] {
            ComponentDefinedType::Primitive(ty) => primitive(*ty)?,
            ComponentDefinedType::Record(record) => {
                let fields = record.fields.iter();
                let fields =
                    fields.map(|(name, ty)| Ok((name.to_string(), Type::read(types, *ty)?)));
                Type::Record(fields.collect::<Result<_>>()?)
            }
            ComponentDefinedType::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases = cases.map(|(name, case)| {
                    let payload = case.ty.map(|ty| Type::read(types, ty)).transpose()?;
                    Ok((name.to_string(), payload))
                });
                Type::Variant(cases.collect::<Result<_>>()?)
            }
            ComponentDefinedType::List { element, .. } => Type::List(boxed(*element)?),
            ComponentDefinedType::Map { key, value, .. } => Type::Map(boxed(*key)?, boxed(*value)?),
            ComponentDefinedType::Tuple(tuple) => {
                let types = tuple.types.iter().map(|ty| Type::read(types, *ty));
                Type::Tuple(types.collect::<Result<_>>()?)
            }
            ComponentDefinedType::Flags(names) => {
                Type::Flags(names.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Enum(names) => {
                Type::Enum(names.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Option { ty, .. } => Type::Option(boxed(*ty)?),
            ComponentDefinedType::Result { ok, err, .. } => {
                Type::Result(ok.map(boxed).transpose()?, err.map(boxed).transpose()?)
            }
            _ => bail!("values of this type are not made"),
        })
    }

    /// The fields of a record or tuple.
    fn fields(&self) -> Option<Vec<&Type>> {
        match self {
            Type::Record(fields) => Some(fields.iter().map(|(_, ty)| ty).collect()),
            Type::Tuple(types) => Some(types.iter().collect()),
            _ => None,
        }
    }

    /// The payloads of the cases of a variant.
    fn cases(&self) -> Option<Vec<Option<&Type>>> {
        match self {
            Type::Variant(cases) => Some(cases.iter().map(|(_, ty)| ty.as_ref()).collect()),
            Type::Enum(names) => Some(names.iter().map(|_| None).collect()),
            Type::Option(ty) => Some(vec![None, Some(ty)]),
            Type::Result(ok, err) => Some(vec![ok.as_deref(), err.as_deref()]),
            _ => None,
        }
    }

    /// Bytes and alignment.
    pub fn layout(&self) -> (u32, u32) {
        if let Some(fields) = self.fields() {
            let (mut size, mut align) = (0_u32, 1);
            for field in fields {
                let (bytes, alignment) = field.layout();
                size = size.next_multiple_of(alignment) + bytes;
                align = align.max(alignment);
            }
            return (size.next_multiple_of(align), align);
        }
        if let Some(cases) = self.cases() {
            let tag = tag_bytes(cases.len());
            let layouts = cases.iter().flatten().map(|ty| ty.layout());
            let (size, align) = layouts.fold((0, 1), |(size, align), (bytes, alignment)| {
                (size.max(bytes), align.max(alignment))
            });
            let all = align.max(tag);
            return (
                (tag.next_multiple_of(align) + size).next_multiple_of(all),
                all,
            );
        }
        match self {
            Type::Bool => (1, 1),
            Type::Integer { bytes, .. } | Type::Float { bytes } => (*bytes, *bytes),
            Type::Char => (4, 4),
            Type::Flags(names) => {
                let bytes = flag_bytes(names.len());
                (bytes, bytes)
            }
            _ => (8, 4),
        }
    }

    /// Where the payload of a variant begins.
    fn payload_offset(&self) -> u32 {
        let cases = self.cases().unwrap_or_default();
        let aligns = cases.iter().flatten().map(|ty| ty.layout().1);
        tag_bytes(cases.len()).next_multiple_of(aligns.max().unwrap_or(1))
    }

    /// The core values that one is passed as.
    pub fn flat(&self) -> Vec<Core> {
        if let Some(fields) = self.fields() {
            return fields.iter().flat_map(|field| field.flat()).collect();
        }
        if let Some(cases) = self.cases() {
            let mut joined: Vec<Core> = Vec::new();
            for case in cases.into_iter().flatten() {
                for (at, core) in case.flat().into_iter().enumerate() {
                    match joined.get_mut(at) {
                        Some(other) => *other = other.join(core),
                        None => joined.push(core),
                    }
                }
            }
            joined.insert(0, Core::I32);
            return joined;
        }
        match self {
            Type::Integer { bytes: 8, .. } => vec![Core::I64],
            Type::Float { bytes: 4 } => vec![Core::F32],
            Type::Float { .. } => vec![Core::F64],
            Type::String | Type::List(_) | Type::Map(..) => vec![Core::I32, Core::I32],
            _ => vec![Core::I32],
        }
    }

    /// Of a type that is passed as one core value: the instruction that puts this where the value
    /// begins.
    pub fn store(&self) -> &'static str {
        if let Some([field]) = self.fields().as_deref() {
            return field.store();
        }
        match (self.flat()[0], self.layout().0) {
            (Core::I32, 1) => "i32.store8",
            (Core::I32, 2) => "i32.store16",
            (Core::I32, _) => "i32.store",
            (Core::I64, _) => "i64.store",
            (Core::F32, _) => "f32.store",
            (Core::F64, _) => "f64.store",
        }
    }

    /// The type as the text format writes it. Types that must have a name are added to `named`, and
    /// `$tN` refers to them.
    pub fn text(&self, named: &mut Vec<String>) -> String {
        let quoted = |names: &[String]| {
            let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
            names.join(" ")
        };
        let text = match self {
            Type::Bool => return "bool".to_owned(),
            Type::Integer { signed, bytes } => {
                let letter = if *signed { 's' } else { 'u' };
                return format!("{letter}{}", bytes * 8);
            }
            Type::Float { bytes } => return format!("f{}", bytes * 8),
            Type::Char => return "char".to_owned(),
            Type::String => return "string".to_owned(),
            Type::List(ty) => return format!("(list {})", ty.text(named)),
            Type::Map(key, value) => {
                return format!("(map {} {})", key.text(named), value.text(named));
            }
            Type::Tuple(types) => {
                let types: Vec<_> = types.iter().map(|ty| ty.text(named)).collect();
                return format!("(tuple {})", types.join(" "));
            }
            Type::Option(ty) => return format!("(option {})", ty.text(named)),
            Type::Result(ok, err) => {
                let ok = ok.as_ref().map(|ty| format!(" {}", ty.text(named)));
                let err = err
                    .as_ref()
                    .map(|ty| format!(" (error {})", ty.text(named)));
                return format!(
                    "(result{}{})",
                    ok.unwrap_or_default(),
                    err.unwrap_or_default()
                );
            }
            Type::Record(fields) => {
                let mut text = "(record".to_owned();
                for (name, ty) in fields {
                    let _ = write!(text, " (field \"{name}\" {})", ty.text(named));
                }
                text + ")"
            }
            Type::Variant(cases) => {
                let mut text = "(variant".to_owned();
                for (name, ty) in cases {
                    let ty = ty.as_ref().map(|ty| format!(" {}", ty.text(named)));
                    let _ = write!(text, " (case \"{name}\"{})", ty.unwrap_or_default());
                }
                text + ")"
            }
            Type::Enum(names) => format!("(enum {})", quoted(names)),
            Type::Flags(names) => format!("(flags {})", quoted(names)),
        };
        let number = named.iter().position(|known| *known == text);
        let number = number.unwrap_or_else(|| {
            named.push(text);
            named.len() - 1
        });
        format!("$t{number}")
    }
}

fn primitive(ty: PrimitiveValType) -> Result<Type> {
    let integer = |signed, bytes| Type::Integer { signed, bytes };
    Ok(match ty {
        PrimitiveValType::Bool => Type::Bool,
        PrimitiveValType::S8 => integer(true, 1),
        PrimitiveValType::U8 => integer(false, 1),
        PrimitiveValType::S16 => integer(true, 2),
        PrimitiveValType::U16 => integer(false, 2),
        PrimitiveValType::S32 => integer(true, 4),
        PrimitiveValType::U32 => integer(false, 4),
        PrimitiveValType::S64 => integer(true, 8),
        PrimitiveValType::U64 => integer(false, 8),
        PrimitiveValType::F32 => Type::Float { bytes: 4 },
        PrimitiveValType::F64 => Type::Float { bytes: 8 },
        PrimitiveValType::Char => Type::Char,
        PrimitiveValType::String => Type::String,
        PrimitiveValType::ErrorContext => bail!("error contexts are not made"),
    })
}

fn tag_bytes(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

fn flag_bytes(flags: usize) -> u32 {
    match flags {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

/// A value without the names of the script: an integer's or float's bits, parts, or a case.
enum Parts<'v, 'a> {
    Bits(u64),
    Text(&'a str),
    Elements(Vec<&'v WastVal<'a>>),
    Pairs(&'v [(WastVal<'a>, WastVal<'a>)]),
    Case(usize, Option<&'v WastVal<'a>>),
}

fn parts<'v, 'a>(ty: &Type, value: &'v WastVal<'a>) -> Result<Parts<'v, 'a>> {
    let boxed = |value: &'v Option<Box<WastVal<'a>>>| value.as_deref();
    Ok(match (value, ty) {
        (WastVal::Bool(value), _) => Parts::Bits(u64::from(*value)),
        (WastVal::U8(value), _) => Parts::Bits(u64::from(*value)),
        (WastVal::S8(value), _) => Parts::Bits(u64::from(*value as u8)),
        (WastVal::U16(value), _) => Parts::Bits(u64::from(*value)),
        (WastVal::S16(value), _) => Parts::Bits(u64::from(*value as u16)),
        (WastVal::U32(value), _) => Parts::Bits(u64::from(*value)),
        (WastVal::S32(value), _) => Parts::Bits(u64::from(*value as u32)),
        (WastVal::U64(value), _) => Parts::Bits(*value),
        (WastVal::S64(value), _) => Parts::Bits(*value as u64),
        (WastVal::F32(value), _) => Parts::Bits(u64::from(value.bits)),
        (WastVal::F64(value), _) => Parts::Bits(value.bits),
        (WastVal::Char(value), _) => Parts::Bits(u64::from(u32::from(*value))),
        (WastVal::String(text), _) => Parts::Text(text),
        (WastVal::List(values), _) => Parts::Elements(values.iter().collect()),
        (WastVal::Map(pairs), _) => Parts::Pairs(pairs),
        (WastVal::Tuple(values), _) => Parts::Elements(values.iter().collect()),
        (WastVal::Record(fields), _) => {
            Parts::Elements(fields.iter().map(|(_, value)| value).collect())
        }
        (WastVal::Variant(name, payload), Type::Variant(cases)) => {
            match cases.iter().position(|(known, _)| known == name) {
                Some(case) => Parts::Case(case, boxed(payload)),
                None => bail!("no case is named `{name}`"),
            }
        }
        (WastVal::Enum(name), Type::Enum(names)) => {
            match names.iter().position(|known| known == name) {
                Some(case) => Parts::Case(case, None),
                None => bail!("no case is named `{name}`"),
            }
        }
        (WastVal::Option(None), _) => Parts::Case(0, None),
        (WastVal::Option(payload), _) => Parts::Case(1, boxed(payload)),
        (WastVal::Result(Ok(payload)), _) => Parts::Case(0, boxed(payload)),
        (WastVal::Result(Err(payload)), _) => Parts::Case(1, boxed(payload)),
        (WastVal::Flags(set), Type::Flags(names)) => {
            let mut bits = 0;
            for name in set {
                match names.iter().position(|known| known == name) {
                    Some(flag) => bits |= 1 << flag,
                    None => bail!("no flag is named `{name}`"),
                }
            }
            Parts::Bits(bits)
        }
        _ => bail!("the value is not of the function's type"),
    })
}

/// Initial memory with values in it.
#[derive(Debug)]
pub struct Image {
    base: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Image {
    /// One that begins at an address.
    pub fn new(base: u32) -> Image {
        Image {
            base,
            bytes: Vec::new(),
        }
    }

    /// The address behind it.
    pub fn end(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    /// Room for a value: its address.
    pub fn allocate(&mut self, size: u32, align: u32) -> u32 {
        let at = self.end().next_multiple_of(align);
        let len = (at + size - self.base) as usize;
        self.bytes.resize(len, 0);
        at
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let at = (at - self.base) as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts a value at an address.
    pub fn store(&mut self, ty: &Type, value: &WastVal<'_>, at: u32) -> Result<()> {
        match parts(ty, value)? {
            Parts::Bits(bits) => {
                let size = ty.layout().0 as usize;
                self.put(at, &bits.to_le_bytes()[..size]);
            }
            Parts::Case(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                let tag = tag_bytes(cases.len()) as usize;
                self.put(at, &(case as u32).to_le_bytes()[..tag]);
                if let (Some(Some(ty)), Some(payload)) = (cases.get(case), payload) {
                    self.store(ty, payload, at + ty_offset(&cases))?;
                }
            }
            Parts::Elements(values) if ty.fields().is_some() => {
                let mut offset = 0_u32;
                for (ty, value) in ty.fields().unwrap_or_default().into_iter().zip(values) {
                    let (size, align) = ty.layout();
                    offset = offset.next_multiple_of(align);
                    self.store(ty, value, at + offset)?;
                    offset += size;
                }
            }
            _ => {
                let (address, len) = self.sequence(ty, value)?;
                self.put(at, &address.to_le_bytes());
                self.put(at + 4, &len.to_le_bytes());
            }
        }
        Ok(())
    }

    /// Puts the elements of a string, list or map anywhere: the address and length.
    pub fn sequence(&mut self, ty: &Type, value: &WastVal<'_>) -> Result<(u32, u32)> {
        match (parts(ty, value)?, ty) {
            (Parts::Text(text), _) => {
                let at = self.allocate(text.len() as u32, 1);
                self.put(at, text.as_bytes());
                Ok((at, text.len() as u32))
            }
            (Parts::Elements(values), Type::List(element)) => {
                let (size, align) = element.layout();
                let at = self.allocate(size * values.len() as u32, align);
                for (value, index) in values.iter().zip(0..) {
                    self.store(element, value, at + index * size)?;
                }
                Ok((at, values.len() as u32))
            }
            (Parts::Pairs(pairs), Type::Map(key, of)) => {
                let entry = Type::Tuple(vec![(**key).clone(), (**of).clone()]);
                let (size, align) = entry.layout();
                let offset = key.layout().0.next_multiple_of(of.layout().1);
                let at = self.allocate(size * pairs.len() as u32, align);
                for ((name, value), index) in pairs.iter().zip(0..) {
                    self.store(key, name, at + index * size)?;
                    self.store(of, value, at + index * size + offset)?;
                }
                Ok((at, pairs.len() as u32))
            }
            _ => bail!("the value is no sequence"),
        }
    }

    /// The core values that a value is passed as: types and bits.
    pub fn flat(&mut self, ty: &Type, value: &WastVal<'_>) -> Result<Vec<(Core, u64)>> {
        Ok(match parts(ty, value)? {
            Parts::Bits(bits) => vec![(ty.flat()[0], bits_of(ty, bits))],
            Parts::Case(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                let mut flat = vec![(Core::I32, case as u64)];
                if let (Some(Some(ty)), Some(payload)) = (cases.get(case), payload) {
                    flat.extend(self.flat(ty, payload)?);
                }
                let joined = ty.flat().into_iter().enumerate();
                joined
                    .map(|(at, core)| (core, flat.get(at).map_or(0, |(_, bits)| *bits)))
                    .collect()
            }
            Parts::Elements(values) if ty.fields().is_some() => {
                let mut flat = Vec::new();
                for (ty, value) in ty.fields().unwrap_or_default().into_iter().zip(values) {
                    flat.extend(self.flat(ty, value)?);
                }
                flat
            }
            _ => {
                let (address, len) = self.sequence(ty, value)?;
                vec![(Core::I32, address.into()), (Core::I32, len.into())]
            }
        })
    }
}

/// Small signed integers are passed with their sign.
fn bits_of(ty: &Type, bits: u64) -> u64 {
    match ty {
        Type::Integer {
            signed: true,
            bytes: 1,
        } => u64::from(bits as u8 as i8 as u32),
        Type::Integer {
            signed: true,
            bytes: 2,
        } => u64::from(bits as u16 as i16 as u32),
        _ => bits,
    }
}

fn ty_offset(cases: &[Option<&Type>]) -> u32 {
    let aligns = cases.iter().flatten().map(|ty| ty.layout().1);
    tag_bytes(cases.len()).next_multiple_of(aligns.max().unwrap_or(1))
}

/// Writes code that compares what lies in memory with a value.
#[derive(Debug)]
pub struct Checks<'i> {
    /// The code, in the text format: it calls `$same`, `$same64`, `$nan`, `$nan64` and `$bytes`.
    pub code: String,
    /// How many locals `$lN` it uses.
    pub locals: usize,
    /// Where what is expected lies.
    pub image: &'i mut Image,
}

impl Checks<'_> {
    /// Compares what lies at an offset of the address in a local.
    pub fn check(
        &mut self,
        ty: &Type,
        value: &WastVal<'_>,
        local: &str,
        offset: u32,
    ) -> Result<()> {
        let place = format!("offset={offset} (local.get {local})");
        match parts(ty, value)? {
            Parts::Bits(bits) => self.bits(ty, bits, &place),
            Parts::Text(text) => {
                let (address, len) = self.image.sequence(ty, &WastVal::String(text))?;
                let _ = writeln!(
                    self.code,
                    "(call $bytes (i32.load {place}) (i32.load offset={} (local.get {local})) \
                     (i32.const {address}) (i32.const {len}))",
                    offset + 4
                );
            }
            Parts::Case(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                let load = match tag_bytes(cases.len()) {
                    1 => "i32.load8_u",
                    2 => "i32.load16_u",
                    _ => "i32.load",
                };
                let _ = writeln!(
                    self.code,
                    "(call $same ({load} {place}) (i32.const {case}))"
                );
                if let (Some(Some(case)), Some(payload)) = (cases.get(case), payload) {
                    self.check(case, payload, local, offset + ty.payload_offset())?;
                }
            }
            Parts::Elements(values) if ty.fields().is_some() => {
                let mut at = offset;
                for (ty, value) in ty.fields().unwrap_or_default().into_iter().zip(values) {
                    let (size, align) = ty.layout();
                    // The whole is aligned, so that the parts' offsets within it are.
                    at = (at - offset).next_multiple_of(align) + offset;
                    self.check(ty, value, local, at)?;
                    at += size;
                }
            }
            Parts::Elements(values) => {
                let Type::List(element) = ty else {
                    bail!("the result is no list");
                };
                let first = self.sequence(values.len(), local, offset);
                for (value, index) in values.iter().zip(0..) {
                    self.check(element, value, &first, index * element.layout().0)?;
                }
            }
            Parts::Pairs(pairs) => {
                let Type::Map(key, of) = ty else {
                    bail!("the result is no map");
                };
                let first = self.sequence(pairs.len(), local, offset);
                let size = Type::Tuple(vec![(**key).clone(), (**of).clone()])
                    .layout()
                    .0;
                let value_offset = key.layout().0.next_multiple_of(of.layout().1);
                for ((name, value), index) in pairs.iter().zip(0..) {
                    self.check(key, name, &first, index * size)?;
                    self.check(of, value, &first, index * size + value_offset)?;
                }
            }
        }
        Ok(())
    }

    /// Compares the length of a list: the local that has the address of its first element.
    fn sequence(&mut self, len: usize, local: &str, offset: u32) -> String {
        let first = format!("$l{}", self.locals);
        self.locals += 1;
        let _ = writeln!(
            self.code,
            "(call $same (i32.load offset={} (local.get {local})) (i32.const {len}))\n\
             (local.set {first} (i32.load offset={offset} (local.get {local})))",
            offset + 4
        );
        first
    }

    fn bits(&mut self, ty: &Type, bits: u64, place: &str) {
        let call = match (ty, ty.layout().0) {
            (Type::Float { bytes: 4 }, _) if f32::from_bits(bits as u32).is_nan() => {
                format!("(call $nan (f32.load {place}))")
            }
            (Type::Float { bytes: 8 }, _) if f64::from_bits(bits).is_nan() => {
                format!("(call $nan64 (f64.load {place}))")
            }
            (_, 1) => format!("(call $same (i32.load8_u {place}) (i32.const {bits}))"),
            (_, 2) => format!("(call $same (i32.load16_u {place}) (i32.const {bits}))"),
            (_, 8) => format!("(call $same64 (i64.load {place}) (i64.const {bits}))"),
            _ => format!("(call $same (i32.load {place}) (i32.const {bits}))"),
        };
        let _ = writeln!(self.code, "{call}");
    }
}
