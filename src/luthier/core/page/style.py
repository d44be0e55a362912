"""The page's look: light and dark, screen and print."""

from __future__ import annotations

CSS = """
:root{--ink:#1c2430;--soft:#5d6878;--line:#dde2ea;--page:#f6f7f9;--card:#fff;--a:#2457c5;
--b:#c2571a;--good:#1b7f4b;--bad:#b3261e;--so:#9a6b00;--tint:36,87,197}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf1;--soft:#9aa6b6;--line:#323b48;
--page:#12161c;--card:#1b2129;--a:#7aa5ff;--b:#f0985a;--good:#5bc98f;--bad:#ff8a80;
--so:#e8b84a;--tint:122,165,255}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:1.7rem;margin:0}h2{font-size:1.2rem;margin:34px 0 10px}
.sub,.note{color:var(--soft);font-size:.9rem}.note{margin:4px 0 12px}
.verdict{margin:18px 0;padding:16px 20px;border-radius:12px;background:var(--card);
border-left:6px solid var(--soft);font-size:1.1rem}
.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
.verdict.so{border-color:var(--so)}.verdict b{display:block;font-size:1.25rem}
.good b{color:var(--good)}.bad b{color:var(--bad)}.so b{color:var(--so)}
.grid{display:grid;gap:14px;grid-template-columns:repeat(auto-fit,minmax(225px,1fr))}
.wide{grid-template-columns:repeat(auto-fit,minmax(300px,1fr))}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.card h3{margin:0;font-size:.85rem;color:var(--soft);font-weight:600}
.big{font-size:1.75rem;font-weight:650;font-variant-numeric:tabular-nums}
.bar{width:100%;height:12px;display:block;margin:4px 0}
.track{fill:var(--line)}.range{fill:rgba(var(--tint),.45)}.point{fill:var(--a)}
.fill.a{fill:var(--a)}.fill.b{fill:var(--b)}td .bar{min-width:110px}
.finding{border-left:5px solid var(--soft);margin:10px 0}.finding.high{border-color:var(--bad)}
.finding.mid{border-color:var(--so)}.finding code{user-select:all}
code{background:rgba(var(--tint),.1);border-radius:5px;padding:1px 6px;font-size:.88em}
.target{stroke:var(--b);stroke-width:1}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:12px}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{padding:7px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}th{color:var(--soft);font-weight:600}
.chain{display:flex;flex-wrap:wrap;align-items:center;gap:10px;margin-bottom:14px}
.chain .to{color:var(--soft);font-size:1.3rem}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.heat td{text-align:center;font-variant-numeric:tabular-nums}
figure{margin:0}svg{width:100%;height:auto}svg text{font-size:10px;fill:var(--soft)}
path{fill:none;stroke-width:1.6}path.a,circle.a{stroke:var(--a)}path.b,circle.b{stroke:var(--b)}
path.dots{stroke-width:1.6}circle{fill:var(--card)}svg .grid{stroke:var(--line)}
.guide{stroke:var(--soft);stroke-dasharray:4 4;fill:none}
.key{margin-right:14px;font-size:.85rem;color:var(--soft)}.key:before{content:"";
display:inline-block;width:14px;height:3px;margin:0 6px 3px 0;background:var(--a)}
.key.b:before{background:var(--b)}
li{margin:6px 0}pre{overflow-x:auto;background:var(--card);border:1px solid var(--line);
border-radius:12px;padding:14px;font-size:.85rem}details{margin-top:12px}summary{cursor:pointer}
@media print{body{background:#fff}.card,.scroll,pre,.verdict{break-inside:avoid}}
"""
