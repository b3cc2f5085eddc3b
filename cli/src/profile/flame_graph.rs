//! A profile as a picture: a flame graph, in SVG, with a few lines of script for who opens it in a
//! browser.
//!
//! Each box is a function, as wide as the time spent in it and in what it calls, upon the one that
//! calls it.
//!
//! Security: names are a module's, whose author is not trusted. They only ever become text of the
//! document; the script is the same for all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{KERNEL, Profile};

/// The picture's width, and the height of a box.
const WIDTH: f64 = 1200.0;
const ROW: f64 = 17.0;
/// Space above, for the title, and below, for what is under the pointer.
const ABOVE: f64 = 48.0;
const BELOW: f64 = 28.0;
/// What a character is wide, about.
const CHARACTER: f64 = 7.0;
/// Boxes narrower than that are left out: nobody would see them.
const NARROWEST: f64 = 0.3;
/// Most rows; what is deeper would make a picture that nothing can show.
const MAX_ROWS: usize = 500;

const SCRIPT: &str = include_str!("flame_graph.js");
const STYLE: &str = include_str!("flame_graph.css");

/// A function, called by a certain chain of functions.
#[derive(Default)]
struct Node {
    spent: u64,
    inlined: bool,
    calls: BTreeMap<String, Node>,
}

/// Writes a profile.
pub(super) fn write(profile: &Profile) -> Vec<u8> {
    let mut root = Node::default();
    for sample in &profile.samples {
        let mut node = &mut root;
        node.spent += sample.weight;
        let thread = (profile.threads.len() > 1).then(|| profile.thread_name(sample.thread));
        let frames = profile.frames(sample.stack);
        let names = frames.map(|frame| (frame.name.clone(), frame.inlined));
        let names = thread.map(|name| (name, false)).into_iter().chain(names);
        for (name, inlined) in names.take(MAX_ROWS) {
            node = node.calls.entry(name).or_default();
            node.spent += sample.weight;
            node.inlined |= inlined;
        }
    }
    let rows = rows(&root, root.spent);
    let height = ABOVE + ROW * rows as f64 + BELOW;
    let mut svg = String::new();
    let title = escape(&format!(
        "{}: {} of processor time, {} samples",
        profile.name,
        time(root.spent),
        profile.samples.len()
    ));
    let middle = WIDTH / 2.0;
    write!(
        svg,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">
<style>{STYLE}</style>
<rect class="ground" width="100%" height="100%"/>
<text class="title" x="{middle}" y="20">{title}</text>
<text class="button" id="back" x="10" y="38">Show all</text>
<text class="button" id="find" x="{}" y="38">Search (/)</text>
<text class="detail" id="detail" x="10" y="{}"> </text>
<g id="boxes">
"#,
        WIDTH - 90.0,
        height - 10.0,
    )
    .expect("a String takes all");
    let bottom = height - BELOW;
    boxes(&mut svg, "all", &root, (0.0, WIDTH), bottom, root.spent);
    // A script is character data here, as in any XML.
    writeln!(svg, "</g>\n<script><![CDATA[\n{SCRIPT}]]></script>\n</svg>")
        .expect("a String takes all");
    svg.into_bytes()
}

/// How many rows are wide enough to be seen.
fn rows(node: &Node, all: u64) -> usize {
    let deepest = node
        .calls
        .values()
        .filter(|call| width(call.spent, all) >= NARROWEST)
        .map(|call| rows(call, all));
    1 + deepest.max().unwrap_or(0)
}

fn width(spent: u64, all: u64) -> f64 {
    WIDTH * spent as f64 / all.max(1) as f64
}

fn boxes(svg: &mut String, name: &str, node: &Node, (x, wide): (f64, f64), bottom: f64, all: u64) {
    let y = bottom - ROW;
    let percent = 100.0 * node.spent as f64 / all.max(1) as f64;
    let inlined = if node.inlined { ", inlined" } else { "" };
    let shown = escape(name);
    let fitting = (wide / CHARACTER) as usize;
    let label = match fitting {
        0..=2 => String::new(),
        _ if name.chars().count() <= fitting => shown.clone(),
        _ => escape(
            &name
                .chars()
                .take(fitting - 2)
                .chain(['…'])
                .collect::<String>(),
        ),
    };
    let (x_text, y_text, high) = (x + 3.0, y + 12.0, ROW - 1.0);
    let time = time(node.spent);
    writeln!(
        svg,
        "<g><title>{shown} ({time}, {percent:.2}%{inlined})</title>\
         <rect x=\"{x:.2}\" y=\"{y}\" width=\"{wide:.2}\" height=\"{high}\" fill=\"{}\"/>\
         <text x=\"{x_text:.2}\" y=\"{y_text}\">{label}</text></g>",
        color(name, node.inlined),
    )
    .expect("a String takes all");
    let mut x = x;
    for (name, call) in &node.calls {
        let wide = width(call.spent, all);
        if wide >= NARROWEST {
            boxes(svg, name, call, (x, wide), y, all);
        }
        x += wide;
    }
}

/// The same color for the same name: warm ones for functions, paler if they were inlined, cold ones
/// for what is not the program's own.
fn color(name: &str, inlined: bool) -> String {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let light = if inlined { 78 } else { 68 };
    match name {
        KERNEL => "hsl(210,45%,70%)".to_owned(),
        _ if name.starts_with('[') || name == "all" => "hsl(210,12%,75%)".to_owned(),
        _ if name
            .split_once('_')
            .is_some_and(|(crate_name, _)| crate_name == "wasmc") =>
        {
            format!("hsl({},40%,70%)", 160 + hash % 30)
        }
        _ => format!("hsl({},80%,{light}%)", 12 + hash % 40),
    }
}

fn time(nanoseconds: u64) -> String {
    match nanoseconds as f64 / 1e9 {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds => format!("{:.1} ms", seconds * 1e3),
    }
}

/// A text as XML has it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // Neither control characters nor these two belong into XML.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::model::example;

    #[test]
    fn boxes_are_as_wide_as_the_time_spent() {
        let svg = String::from_utf8(write(&example())).unwrap();
        for part in [
            "<title>all (4.0 ms, 100.00%)</title><rect x=\"0.00\"",
            // In one thread two of three samples, in the other one.
            "<title>tiny&lt;&amp;&gt; (2.0 ms, 50.00%, inlined)</title><rect x=\"0.00\" y=\"48\" width=\"600.00\"",
            "<title>tiny&lt;&amp;&gt; (1.0 ms, 25.00%, inlined)</title><rect x=\"900.00\" y=\"48\" width=\"300.00\"",
            "<title>main;\u{fffd} (3.0 ms, 75.00%)</title>",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count() - 1);
        assert!(!svg.contains('\u{1}'));
    }
}
