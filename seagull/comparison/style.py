"""Style sheet and script of the comparison page."""

STYLE = """
:root{--ink:#1f3a52;--soft:#5b6b79;--line:#dfe6ec;--paper:#f6f8fa;--worse:#c81e24;--better:#1e5cbe}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:#22303c;font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:30px 24px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 6px;color:var(--ink)}
h2{font-size:17px;margin:0 0 4px;color:var(--ink);overflow-wrap:anywhere}
p{margin:4px 0 12px;max-width:90ch}
.soft{color:var(--soft)}
.lead{font-size:17px}
.warn{background:#fff4e0;border-left:4px solid #e8a33d;padding:8px 14px;border-radius:4px}
.failed{color:var(--worse);font-weight:600}
section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:18px 20px;
margin-top:20px;overflow-x:auto}
table{border-collapse:collapse;font-size:13.5px;margin:10px 0 4px;
font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 16px 5px 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}
.worse{color:var(--worse)}.better{color:var(--better)}
.slider{position:relative;max-width:100%;margin:10px 0;line-height:0;--at:50%}
.slider img{width:100%;height:auto;display:block}
.slider img+img{position:absolute;inset:0;width:100%;height:100%}
.slider .after{clip-path:inset(0 0 0 var(--at))}
.slider .map{visibility:hidden}
.slider.mapped .map{visibility:visible}
.slider i{position:absolute;top:0;bottom:0;left:var(--at);width:2px;margin-left:-1px;
background:#fff;box-shadow:0 0 3px #000;pointer-events:none}
.slider b{position:absolute;top:8px;background:#0009;color:#fff;padding:2px 8px;border-radius:4px;
font:600 12px/1.4 system-ui,sans-serif;pointer-events:none}
.slider b:first-of-type{left:8px}.slider b:last-of-type{right:8px}
.slider.mapped i,.slider.mapped b{visibility:hidden}
.slider input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:ew-resize}
.slider:focus-within{outline:3px solid var(--better);outline-offset:2px}
.slider.mapped input{visibility:hidden}
.crops{display:flex;flex-wrap:wrap;gap:18px;margin-top:10px}
.crops figure{margin:0}
.crops div{display:flex;gap:3px}
.crops img{display:block;max-width:100%;height:auto;min-width:0}
figcaption{font-size:12.5px;color:var(--soft);padding-top:3px}
button{font:inherit;font-size:13px;padding:4px 12px;border:1px solid var(--line);background:#fff;
border-radius:6px;cursor:pointer}
"""

SCRIPT = """
for(const box of document.querySelectorAll('.slider')){
const range=box.querySelector('input');
range.addEventListener('input',()=>box.style.setProperty('--at',range.value+'%'));
const button=box.nextElementSibling;
button.addEventListener('click',()=>{
const on=box.classList.toggle('mapped');
button.setAttribute('aria-pressed',on);
button.textContent=on?'Before and after':'Map of change';});
}
"""
