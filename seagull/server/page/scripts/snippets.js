// What was just done on the page, as a shell or Python program against the same server.

// Commands for a shell. Args: base of the server, whether a key is set, the photo's name and type,
// and what was asked as JSON: {regions} for a report, with the name of another photo as `after` for
// a comparison, or {chat} for an answer.
export function curl({ base, locked, file, after, regions, chat }) {
  const key = locked ? ` -H "Authorization: Bearer $SEAGULL_API_KEY"` : "";
  if (after) return curlComparison(base, key, file, after, regions);
  const path = chat ? "v1/chat/completions" : "v1/assess";
  const body = JSON.stringify(chat ? { ...chat, stream: false } : { image: IMAGE, regions }, null, 1);
  const parts = body.split(IMAGE).map(quoted);
  return [
    `image=$(curl -s${key} ${formFile("file", file)} ${base}v1/images | sed 's/.*"id": *"\\([^"]*\\)".*/\\1/')`,
    `curl -s${key} ${base}${path} -H 'Content-Type: application/json' -d ${parts.join('"$image"')}`,
    "",
  ].join("\n");
}

export const IMAGE = "IMAGE_ID";

function curlComparison(base, key, before, after, regions) {
  const options = JSON.stringify({ regions, resize: "after" }, null, 1);
  const photos = `${formFile("before", before)} ${formFile("after", after)}`;
  return `curl -s${key} ${photos} --form-string ${quoted(`options=${options}`)} ${base}v1/compare\n`;
}

// In quotes of curl's own, without which a comma or semicolon would end the name.
function formFile(part, name) {
  return `-F ${quoted(`${part}=@"${name.replaceAll(/["\\]/g, "\\$&")}"`)}`;
}

// A Python program with the package's client, or, for a conversation, the openai package.
export function python({ base, locked, file, type, after, regions, chat }) {
  if (chat) return pythonChat(base, locked, file, type, chat);
  const asked = "[RegionSpec.from_dict(one) for one in regions]";
  return pythonClient(base, locked, regions, after
    ? [
        `    made = client.compare(${literal(file)}, ${literal(after)}, ${asked}, resize="after")`,
        "for one in made.regions:",
        "    print(one.region.id, one.change.verdict, one.change.quality, one.change.std)",
      ]
    : [
        `    report = client.assess(${literal(file)}, ${asked})`,
        "for region in report.regions:",
        "    print(region.region.id, region.quality.level, region.quality.score, region.quality.std)",
      ]);
}

function pythonClient(base, locked, regions, lines) {
  return [
    ...(locked ? ["import os", ""] : []),
    "from seagull.client import SeagullClient",
    "from seagull.regions.spec import RegionSpec",
    "",
    `regions = ${literal(regions)}`,
    `with SeagullClient(${literal(base.replace(/\/$/, ""))}${locked ? ', api_key=os.environ["SEAGULL_API_KEY"]' : ""}) as client:`,
    ...lines,
    "",
  ].join("\n");
}

function pythonChat(base, locked, file, type, { model, messages, regions, max_tokens: tokens }) {
  const text = literal(messages).replaceAll(JSON.stringify(IMAGE), "photo");
  return [
    "import base64",
    ...(locked ? ["import os"] : []),
    "from pathlib import Path",
    "",
    "from openai import OpenAI",
    "",
    `photo = "data:${type};base64," + base64.b64encode(Path(${literal(file)}).read_bytes()).decode()`,
    `client = OpenAI(base_url=${literal(`${base}v1`)}, api_key=${locked ? 'os.environ["SEAGULL_API_KEY"]' : '"none"'})`,
    "answer = client.chat.completions.create(",
    `    model=${literal(model)},`,
    `    messages=${text},`,
    `    max_tokens=${tokens},`,
    `    extra_body={"regions": ${literal(regions)}},`,
    ")",
    "print(answer.choices[0].message.content)",
    "",
  ].join("\n");
}

// A JSON value as Python writes it.
function literal(value) {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`);
    return `{${pairs.join(", ")}}`;
  }
  return JSON.stringify(value);
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
