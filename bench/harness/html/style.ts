/**
 * The style of the page, for light and dark.
 *
 * @module
 */

/** All of it: the page needs no other file. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fcfcfb; --ink: #1d1f23; --soft: #5d636d; --rule: #dcdfe4; --panel: #f3f4f2;
  --ours: #b4531b; --package: #4a7396; --bare: #9aa3ad; --good: #2a7a3b; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181c; --ink: #e7e8ea; --soft: #a2a9b4; --rule: #343942; --panel: #1f2228;
    --ours: #f0935a; --package: #7fb0d6; --bare: #767f8b; --good: #76c987; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 1480px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
h1 { font-size: 1.9rem; margin: 0 0 .25rem; } h2 { font-size: 1.3rem; margin: 2.75rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; } h4 { font-size: .9rem; font-weight: 600; margin: 0 0 .4rem; color: var(--soft); }
p { max-width: 48rem; margin: .4rem 0; } .meta, .note { color: var(--soft); font-size: .9rem; }
.warning { border-left: 4px solid var(--bad); padding-left: .75rem; }
code { font-size: .9em; background: var(--panel); padding: .05em .3em; border-radius: 3px; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 1rem; }
.panel { background: var(--panel); border-radius: 6px; padding: .8rem .9rem; min-width: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: .5rem 0; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; } td { font-variant-numeric: tabular-nums; }
.met { color: var(--good); } .short, .failed { color: var(--bad); } .figure { color: var(--soft); white-space: nowrap; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
svg { width: 100%; max-width: 520px; height: auto; display: block; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
text { fill: var(--ink); } .label { text-anchor: end; } .label.streamrack, .name.streamrack { font-weight: 700; }
.tick { fill: var(--soft); text-anchor: middle; font-size: 11px; } .tick.end { text-anchor: end; }
text.failed { fill: var(--bad); } .value { font-variant-numeric: tabular-nums; }
.bar.streamrack { fill: var(--ours); } .bar.package { fill: var(--package); } .bar.bare { fill: var(--bare); }
.spread { stroke: var(--ink); stroke-width: 1.5; } .cut { stroke: var(--panel); stroke-width: 3; fill: none; }
.grid { stroke: var(--rule); } .line { fill: none; stroke-width: 2; }
.line.streamrack { stroke: var(--ours); } .line.package { stroke: var(--package); } .line.bare { stroke: var(--bare); }
.line.streamrack-fused { stroke-dasharray: 5 3; } .line.ring { stroke-dasharray: 2 3; }
.dot.streamrack { fill: var(--ours); } .dot.package { fill: var(--package); } .dot.bare { fill: var(--bare); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .35em 0 1em; vertical-align: -.05em; }
.key.streamrack { background: var(--ours); margin-left: 0; } .key.package { background: var(--package); } .key.bare { background: var(--bare); }
`;
