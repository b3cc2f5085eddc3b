//! Which module names which? The graph that the tests of architecture rules look at.
//!
//! A module is a file. It names another by a path that leads there: in a `use`, in an expression, a
//! type or a macro's argument; what a module passes on (`pub use`) is named where it comes from. The
//! sources are read as tokens (by `proc_macro2`, so that comments and strings are none) rather than
//! as a syntax tree: paths in the arguments of macros are tokens in a tree, too, and there are many.
//! Code under `cfg(test)` does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::sources::Source;

/// A module's path from the root of its crate, such as `program::places`; the root is empty.
pub type Path = Vec<String>;

/// The modules of one crate.
#[derive(Debug)]
pub struct Graph {
    modules: BTreeMap<Path, Module>,
}

/// What a module says.
#[derive(Debug, Default)]
struct Module {
    /// What its `use` declarations name things: the name, and the path that was written.
    uses: BTreeMap<String, Path>,
    /// Paths, as written.
    paths: BTreeSet<Path>,
}

impl Graph {
    /// The modules of a crate whose root lies in this folder, such as `compiler/src/`.
    pub fn of(sources: &[Source], folder: &str) -> Graph {
        let mut modules = BTreeMap::new();
        for source in sources.iter().filter(|source| !source.is_test()) {
            let Some(file) = source.path.strip_prefix(folder) else {
                continue;
            };
            let stem = file.strip_suffix(".rs").unwrap_or(file);
            let mut path: Path = stem.split('/').map(str::to_owned).collect();
            path.pop_if(|last| *last == "mod");
            if matches!(&path[..], [root] if root == "lib" || root == "main") {
                path.clear();
            }
            let mut module = Module::default();
            let tokens = TokenStream::from_str(&source.text)
                .unwrap_or_else(|error| panic!("{}: {error}", source.path));
            module.read(tokens, &[]);
            modules.insert(path, module);
        }
        Graph { modules }
    }

    /// The modules directly below another one.
    pub fn children(&self, parent: &[String]) -> impl Iterator<Item = &Path> {
        self.modules
            .keys()
            .filter(move |path| path.len() == parent.len() + 1 && path.starts_with(parent))
    }

    /// All modules.
    pub fn modules(&self) -> impl Iterator<Item = &Path> {
        self.modules.keys()
    }

    /// Which module names which. Parents and children are left out: they belong together.
    pub fn edges(&self) -> BTreeSet<(Path, Path)> {
        let mut edges = BTreeSet::new();
        for (from, module) in &self.modules {
            for path in module.uses.values().chain(&module.paths) {
                let Some(to) = self.resolve(from, path, 0) else {
                    continue;
                };
                if !to.starts_with(from) && !from.starts_with(&to) {
                    edges.insert((from.clone(), to));
                }
            }
        }
        edges
    }

    /// The module in which what a path names is defined; `None` for something of another crate.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let mut module: Path = match first.as_str() {
            "crate" => Path::new(),
            "self" => from.to_vec(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            _ => return self.member(from, path, depth),
        };
        let mut rest = rest;
        while let [first, after @ ..] = rest
            && first == "super"
        {
            module.pop()?;
            rest = after;
        }
        match rest.is_empty() {
            true => Some(module),
            // Something that the module itself defines.
            false => self.member(&module, rest, depth).or(Some(module)),
        }
    }

    /// The module in which a member of a module is defined, unless that is the module itself.
    fn member(&self, module: &[String], path: &[String], depth: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let mut child = module.to_vec();
        child.push(first.clone());
        if self.modules.contains_key(&child) {
            return self.member(&child, rest, depth).or(Some(child));
        }
        let alias = self.modules.get(module)?.uses.get(first)?;
        // Names that lead to each other lead nowhere.
        if depth > 8 || alias.first() == Some(first) && alias.len() == 1 {
            return None;
        }
        let whole: Path = alias.iter().chain(rest).cloned().collect();
        self.resolve(module, &whole, depth + 1)
    }
}

impl Module {
    /// Reads the tokens of a file, or of a module within it, whose path from the file's is `inner`.
    fn read(&mut self, tokens: TokenStream, inner: &[String]) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(punct)
                    if punct.as_char() == '#' && is_test(tokens.get(at + 1)) =>
                {
                    at = end_of_item(&tokens, at + 2);
                    continue;
                }
                // `use<'a>` says of a type what it captures.
                TokenTree::Ident(ident) if ident == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let end = end_of_item(&tokens, at);
                    self.use_tree(&tokens[at + 1..end - 1], &Path::new(), inner);
                    at = end;
                    continue;
                }
                TokenTree::Ident(ident) if ident == "mod" => {
                    if let [TokenTree::Ident(name), TokenTree::Group(group), ..] = &tokens[at + 1..]
                    {
                        let mut inner = inner.to_vec();
                        inner.push(name.to_string());
                        self.read(group.stream(), &inner);
                        at += 3;
                        continue;
                    }
                }
                TokenTree::Ident(_) => {
                    let (path, end) = path_at(&tokens, at);
                    if path.len() > 1 {
                        self.paths.extend(outside(path, inner));
                    }
                    at = end;
                    continue;
                }
                TokenTree::Group(group) => self.read(group.stream(), inner),
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads what follows `use`, or a part of it after a prefix.
    fn use_tree(&mut self, tokens: &[TokenTree], prefix: &[String], inner: &[String]) {
        let trees = tokens.split(|token| is_punct(Some(token), ','));
        for tree in trees.filter(|tree| !tree.is_empty()) {
            let (names, end) = path_at(tree, 0);
            let mut path: Path = prefix.iter().cloned().chain(names).collect();
            match &tree[end.min(tree.len())..] {
                [.., TokenTree::Group(group)] => {
                    let tokens: Vec<_> = group.stream().into_iter().collect();
                    self.use_tree(&tokens, &path, inner);
                }
                [.., TokenTree::Ident(name)] if !path.is_empty() => {
                    self.paths.extend(outside(path.clone(), inner));
                    self.uses
                        .extend(outside(path, inner).map(|path| (name.to_string(), path)));
                }
                _ => {
                    // `use a::{self}` is `use a`.
                    if path.len() > 1 {
                        path.pop_if(|last| *last == "self");
                    }
                    if let Some(name) = path.last().cloned() {
                        self.paths.extend(outside(path.clone(), inner));
                        self.uses
                            .extend(outside(path, inner).map(|path| (name, path)));
                    }
                }
            }
        }
    }
}

/// A path as the file would write it, rather than a module within the file; `None` if it does not
/// leave that module.
fn outside(path: Path, inner: &[String]) -> Option<Path> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    match ups {
        _ if inner.is_empty() || ups == 0 => Some(path),
        _ if ups < inner.len() => None,
        _ => {
            let rest = path[inner.len()..].iter().cloned();
            Some([String::from("self")].into_iter().chain(rest).collect())
        }
    }
}

/// The names from a place on with `::` between them, and where they end.
fn path_at(tokens: &[TokenTree], mut at: usize) -> (Path, usize) {
    let mut path = Path::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    (path, at.max(1))
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// Whether an attribute says that what follows is there for tests only.
fn is_test(attribute: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = attribute else {
        return false;
    };
    let text = group.stream().to_string();
    text.starts_with("cfg") && text.contains("test") && !text.contains("not")
}

/// Behind the item that begins here: behind its `;` or its braces. Those of a `use` end nothing.
fn end_of_item(tokens: &[TokenTree], from: usize) -> usize {
    let is_use = matches!(tokens.get(from), Some(TokenTree::Ident(name)) if name == "use");
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_use,
        _ => false,
    };
    let rest = tokens.get(from..).unwrap_or_default();
    rest.iter()
        .position(ends)
        .map_or(tokens.len(), |at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| Source {
                path: format!("x/src/{path}"),
                text: (*text).to_owned(),
            })
            .collect();
        let graph = Graph::of(&sources, "x/src/");
        let edges = graph.edges();
        edges
            .iter()
            .map(|(from, to)| format!("{} {}", from.join("::"), to.join("::")))
            .collect()
    }

    #[test]
    fn paths_lead_to_modules() {
        let edges = edges(&[
            ("lib.rs", "mod a; mod b; mod c; pub use b::inner::Thing;"),
            (
                "a.rs",
                "use crate::{b::{self, Other as O}, c}; fn f() { println!(\"{}\", c::deep()); }",
            ),
            (
                "b/mod.rs",
                "mod inner; pub struct Other; fn f() -> super::c::Type { loop {} }",
            ),
            ("b/inner.rs", "use super::Other; pub struct Thing;"),
            (
                "c.rs",
                "use crate::Thing; // crate::a::x\nconst X: &str = \"crate::a::x\";",
            ),
        ]);
        assert_eq!(edges, ["a b", "a c", "b c", "c b::inner"]);
    }

    #[test]
    fn tests_and_names_of_other_crates_do_not_count() {
        let edges = edges(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use std::b::c; #[cfg(test)] mod tests { use crate::b::X; } struct B(b::C);",
            ),
            (
                "b.rs",
                "mod private { use super::super::a::X; use super::Y; } #[cfg(test)] use crate::a;",
            ),
        ]);
        assert_eq!(edges, ["b a"]);
    }
}
