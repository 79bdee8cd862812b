// Answers that come piece by piece: JSON Lines, and the events of a chat.

// The objects of an answer in JSON Lines, as they come.
export async function* jsonLines(response) {
  for await (const line of lines(response)) if (line.trim()) yield JSON.parse(line);
}

// The data of server-sent events, up to [DONE].
export async function* events(response) {
  for await (const line of lines(response)) {
    if (!line.startsWith("data:")) continue;
    const data = line.slice(5).trim();
    if (data === "[DONE]") return;
    yield JSON.parse(data);
  }
  throw new Error("the answer broke off");
}

async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      yield* parts.map((part) => part.replace(/\r$/, ""));
    }
    if (rest) yield rest;
  } finally {
    reader.cancel().catch(() => {});
  }
}
