-- The style sheet of explain's HTML page: light or dark like the reader's setting, one column on a phone, and black on white
-- on paper, without breaks inside a section. It loads nothing from elsewhere.
return [[
:root { --paper: #fbfbfa; --card: #fff; --ink: #1f2933; --soft: #5a6672; --line: #dfe3e8; --accent: #2b5f92; --own: #2f6b2a; --own-bg: #e6f3e2;
  --shared: #8a4b08; --shared-bg: #fdf0dc; --code: #f2f4f7; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --card: #1b2027; --ink: #e4e8ed; --soft: #9aa7b4; --line: #323a44; --accent: #7fb2e5;
  --own: #9bd394; --own-bg: #1d3320; --shared: #f0bd7a; --shared-bg: #3a2a14; --code: #242b34; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 2px; }
code, .mono { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; overflow-wrap: anywhere; }
.status { font-size: 14px; font-weight: 600; vertical-align: middle; margin-left: 8px; padding: 2px 10px; border-radius: 999px; background: var(--own-bg); color: var(--own); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 14px 0 18px; }
nav a { color: var(--accent); text-decoration: none; } nav a:hover { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 16px; }
section > p.lead { margin: 0 0 12px; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 8px 0 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.from { display: grid; gap: 2px; margin: 0 0 14px; }
.from div { display: flex; flex-wrap: wrap; gap: 0 10px; align-items: baseline; min-width: 0; }
.from .place { white-space: nowrap; } .from code:last-child { color: var(--soft); }
.place { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px; color: var(--soft); }
.place.recipe { color: var(--accent); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 10px; }
.tile { border: 1px solid var(--line); border-left: 4px solid var(--shared); border-radius: 8px; padding: 8px 12px; } .tile.own { border-left-color: var(--own); }
.tile b { font-size: 15px; } .tile p { margin: 2px 0; color: var(--soft); font-size: 13px; } .tile .mono { font-size: 11.5px; color: var(--soft); }
.badge { float: right; font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 999px; background: var(--shared-bg); color: var(--shared); }
.badge.own { background: var(--own-bg); color: var(--own); } .badge.ro { float: none; background: var(--code); color: var(--soft); }
ul.tree { list-style: none; margin: 0; padding: 0; } ul.tree ul { list-style: none; margin: 0 0 0 7px; padding: 0 0 0 14px; border-left: 1px solid var(--line); }
ul.tree li { padding: 3px 0; } ul.tree .row { display: flex; flex-wrap: wrap; gap: 0 12px; align-items: baseline; }
ul.tree .what { font-weight: 600; } ul.tree .say { color: var(--soft); font-size: 13.5px; overflow-wrap: anywhere; min-width: 0; }
.places { display: inline-flex; flex-wrap: wrap; gap: 0 10px; } ul.tree .places { margin-left: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; } td:nth-child(3) { overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 500; font-size: 13px; } tr:last-child td { border-bottom: 0; } td:last-child, th:last-child { padding-right: 0; }
.bar { display: block; height: 8px; min-width: 90px; border-radius: 4px; background: var(--code); overflow: hidden; margin-top: 7px; } .bar span { display: block; height: 100%; background: var(--accent); }
.chips { display: flex; flex-wrap: wrap; gap: 4px; margin: 4px 0 12px; } .chips code { background: var(--code); border-radius: 4px; padding: 1px 7px; }
.set { font-size: 13px; color: var(--soft); }
figure { margin: 0 0 14px; padding: 8px; background: #fff; border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; } figure svg { display: block; max-width: none; }
footer { color: var(--soft); font-size: 13px; padding-bottom: 30px; }
@media (max-width: 640px) {
  main, header, footer { padding: 0 12px; } header { padding-top: 18px; } section { padding: 14px; } h1 { font-size: 23px; }
  dl { gap: 2px 12px; font-size: 14px; }
  thead { display: none; } tr { display: block; padding: 6px 0; border-bottom: 1px solid var(--line); } tr:last-child { border-bottom: 0; }
  td { display: block; border: 0; padding: 1px 0; } td[data-name]::before { content: attr(data-name) " "; color: var(--soft); font-size: 12px; }
  ul.tree .places { margin-left: 0; flex-basis: 100%; } .bar { margin-bottom: 4px; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #1d4673; --own: #1f5a1a; --own-bg: #fff; --shared: #7a3d00; --shared-bg: #fff; --code: #f3f3f3; color-scheme: light; }
  body { font-size: 11px; } nav { display: none; } main, header, footer { max-width: none; padding: 0; } section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 10px 0; }
  h2, p.lead { break-after: avoid; } ul.tree .row, tr, .tile, .from, figure { break-inside: avoid; } figure { overflow: visible; border: 0; padding: 0; } figure svg { max-width: 100%; height: auto; }
  .badge, .status { border: 1px solid currentColor; } .badge.ro { border: 0; } code, .mono, .place { font-size: 10px; } ul.tree .say, .tile p { font-size: 10.5px; }
}
]]
