// Puts the parts of the page together.

import { Assessor } from "./assessor.js";
import { Card } from "./card.js";
import { Chat } from "./chat.js";
import { Comparison } from "./comparison.js";
import { Conversation } from "./conversation.js";
import { Crosshair } from "./crosshair.js";
import { $ } from "./dom.js";
import { Editor } from "./editor.js";
import { Hover } from "./hover.js";
import { Intake } from "./intake.js";
import { askKey } from "./key.js";
import { Notices } from "./notices.js";
import { Pointer } from "./pointer.js";
import { Project } from "./project.js";
import { Segmenter } from "./segmenter.js";
import { Server } from "./server.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Table } from "./table.js";
import { tabs } from "./tabs.js";
import { Takeaway } from "./takeaway.js";
import { Toolbar } from "./toolbar.js";
import { Tooltip } from "./tooltip.js";
import { Versus } from "./versus.js";

const notices = new Notices();
const server = new Server(new URL(".", document.baseURI).href, askKey);
const project = new Project();
const assessor = new Assessor(project, server);
const stage = new Stage(project, $("#stage"));
const editor = new Editor(project, server, { ...notices, busy: (count) => session.work(count) });
const conversation = new Conversation(project, server);
const segmenter = new Segmenter(server, notices.fail, () => session.find());
const session = new Session({ project, server, assessor, segmenter, stage, notices });
const table = new Table(project, assessor, editor, notices.fail);
const chat = new Chat(project, conversation, notices.fail);
const pointer = new Pointer(stage, editor);
const toolbar = new Toolbar({ project, stage, pointer, editor });
const comparison = new Comparison(project, server);
const versus = new Versus(project, comparison, stage, notices);
const show = tabs($("[role=tablist]"), (id) => versus.show(id === "tab-versus"));

const rename = (key) => {
  show("tab-regions");
  table.rename(key);
};
new Card(project, assessor, {
  rename,
  remove: (keys) => editor.remove(keys),
  fit: (key) => editor.fit(key),
  talk: () => {
    show("tab-chat");
    chat.focus();
  },
});
new Crosshair(stage, editor, notices.say, {
  ...toolbar.keys,
  Delete: () => editor.remove(project.selected),
  Backspace: () => editor.remove(project.selected),
  r: () => project.selected.length === 1 && rename(project.selected[0]),
  F2: () => project.selected.length === 1 && rename(project.selected[0]),
});
new Hover(project, stage);
new Takeaway({ project, conversation, comparison, server, notices });
new Tooltip();
new Intake((file) => session.open(file), (file) => comparison.open(file), notices.fail);

server.addEventListener("state", () => notices.server(server.state));
assessor.addEventListener("fault", (event) => notices.fail(event.detail));
$("#help-button").addEventListener("click", () => $("#help-dialog").showModal());
addEventListener("keydown", ({ key, target }) => {
  if (key === "?" && !target.matches?.("input") && !$("dialog[open]")) $("#help-dialog").showModal();
});
$("#key-button").addEventListener("click", async () => {
  const key = await askKey(false);
  if (key === null) return;
  server.key = key;
  session.again();
});
