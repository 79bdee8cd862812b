"""The evaluation page's style sheet."""

STYLE = """
:root{--ink:#1f3a52;--soft:#5b6b79;--line:#dfe6ec;--paper:#f6f8fa;--high:#d9480f;--low:#2f6db0}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:#22303c;font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:30px 24px 60px}
h1{font-size:28px;line-height:1.2;margin:0 0 6px;color:var(--ink)}
h2{font-size:19px;margin:0 0 2px;color:var(--ink)}
h3{font-size:14px;margin:18px 0 8px;color:var(--ink)}
p{margin:4px 0 12px;max-width:80ch}
.soft{color:var(--soft)}
.warn{background:#fff4e0;border-left:4px solid #e8a33d;padding:8px 14px;border-radius:4px}
section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:20px 22px;
margin-top:22px;overflow-x:auto}
table{border-collapse:collapse;font-size:13.5px;margin:10px 0 4px;
font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:5px 16px 5px 0;border-bottom:1px solid var(--line);
white-space:nowrap}
th:first-child,td:first-child{text-align:left;font-weight:600}
th{color:var(--soft);font-weight:600}
td small{color:var(--soft);font-size:11.5px;display:block;line-height:1.2}
.plot{max-width:100%;height:auto;display:block;margin:8px 0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:16px}
figure{margin:0;border:1px solid var(--line);border-radius:8px;overflow:hidden;background:#fff}
figure .frame{height:200px;background:#e9eef2;display:flex;align-items:center;
justify-content:center;color:var(--soft);font-size:13px}
figure img{max-width:100%;max-height:200px;display:block}
figcaption{padding:8px 12px 10px;font-size:12.5px;line-height:1.4}
figcaption .id{color:var(--soft);overflow-wrap:anywhere;display:block;font-size:11.5px}
.scale{position:relative;height:22px;margin:6px 0 2px}
.scale:before{content:"";position:absolute;left:0;right:0;top:10px;height:2px;background:var(--line)}
.scale b{position:absolute;top:10px;height:2px}
.scale i{position:absolute;top:5px;width:12px;height:12px;margin-left:-6px;border-radius:50%}
.scale i.true{background:var(--ink)}
.scale i.said{background:#fff;border:3px solid var(--high)}
.low .scale i.said{border-color:var(--low)}
.scale b{background:var(--high)}.low .scale b{background:var(--low)}
.legend span{display:inline-block;width:11px;height:11px;border-radius:50%;margin:0 5px 0 12px;
vertical-align:-1px}
"""
