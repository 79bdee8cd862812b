"""The page's style sheet."""

STYLE = """
:root{--ink:#1f3a52;--soft:#5b6b79;--line:#dfe6ec;--paper:#fbfcfd;--accent:#d98e04}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:#22303c;font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:30px;margin:0;color:var(--ink)}
h2{font-size:20px;margin:0 0 4px;color:var(--ink)}
h3{font-size:14px;margin:18px 0 6px;color:var(--ink);text-transform:uppercase;letter-spacing:.06em}
h4{font-size:13px;margin:0 0 6px;color:var(--soft);font-family:ui-monospace,monospace}
header p,.note{color:var(--soft);margin:4px 0 14px}
section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:20px 22px;
margin-top:22px;overflow-x:auto}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px}
.cards div{background:#fff;border:1px solid var(--line);border-radius:10px;padding:10px 14px}
.cards b{display:block;font-size:22px;color:var(--ink)}.cards span{color:var(--soft);font-size:13px}
.grid{display:grid;gap:10px}.grid.row{grid-template-columns:repeat(7,1fr);margin-bottom:10px}
.grid.wide{grid-template-columns:repeat(6,1fr);align-items:start}
figure{margin:0}
.wide img{height:150px;object-fit:contain;background:#f2f5f8}
figure img{width:100%;display:block;border-radius:5px}
figcaption{font-size:11.5px;line-height:1.35;color:var(--soft);padding-top:3px}
figcaption b{color:#22303c;font-weight:600}
svg{max-width:100%;height:auto}
.pair{display:flex;flex-wrap:wrap;gap:26px;align-items:flex-start}
table{border-collapse:collapse;font-size:13.5px;margin:8px 0}
th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid var(--line);
vertical-align:top}
th{color:var(--soft);font-weight:600}
.talks{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:16px;margin-top:12px}
.talks>div{border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.talks p{margin:0 0 4px;font-size:13px}.talks i{color:var(--accent);font-style:normal}
.assistant{padding-left:14px;border-left:3px solid var(--line);color:var(--ink);font-weight:600}
"""
