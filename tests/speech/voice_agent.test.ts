import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { AudioSegment } from "../../audio/mod.ts";
import {
  type AudioData,
  createRuntime,
  type Manifest,
  type Runtime,
  RuntimeData,
  type Session,
  type SessionOutput,
} from "../../mod.ts";
import { begin, chat, event, ModelServer } from "../runners/_model_server.ts";
import { runCli } from "../_support/run_cli.ts";
import { collect } from "../_support/runtime.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { AgentFiles } from "./_agent.ts";
import { withoutPocketSphinx } from "./_engines.ts";

// The question is short and what interrupts is long: that is how the recogniser of the tests tells them apart.
const QUESTION = "What time is it?";
const INTERRUPTION = "Please turn off all of the lights in this room now.";
const ANSWERS = {
  time: ["It is always time for tea.", "The next train leaves in twelve minutes."],
  lights: ["The light is off now.", "Good night."],
};

type Example = typeof import("../../examples/voice_agent/conversation.ts");

let files: AgentFiles;
let runtime: Runtime;
let question: AudioData[];
let offline: Manifest;

before(async () => {
  files = await AgentFiles.make();
  runtime = await createRuntime({ plugins: [files.module("scripted_answers")] });
  question = await files.say(QUESTION);
  offline = await files.manifest("offline", { asr: { modelPath: files.model }, tts: { voice: "kal16" } });
});
after(async () => {
  await runtime.close();
  await files.remove();
});

async function send(session: Session, chunks: readonly AudioData[]): Promise<void> {
  for (const chunk of chunks) await session.send(chunk, { copy: true });
}

async function converse(manifest: Manifest): Promise<{ session: Session; outputs: SessionOutput[] }> {
  const session = await runtime.open(manifest, { recordActivity: true });
  const outputs = collect(session);
  await send(session, question);
  await session.finish();
  return { session, outputs: await outputs };
}

const spoken = (outputs: readonly SessionOutput[]) => outputs.filter(({ nodeId }) => nodeId === "tts");
const sentences = (outputs: readonly SessionOutput[]) => spoken(outputs).map(({ data }) => data.metadata?.["sentence"]);
const seconds = (outputs: readonly SessionOutput[]) =>
  spoken(outputs).reduce((sum, { data }) => {
    const { samples, sampleRate } = RuntimeData.asAudio(data);
    return sum + samples.length / sampleRate;
  }, 0);

describe("the voice agent, offline", () => {
  it("hears a question and speaks the answer, sentence by sentence", async () => {
    const { session, outputs } = await converse(offline);
    assert.deepEqual(sentences(outputs), ANSWERS.time);
    assert.ok(seconds(outputs) > 2);
    const { nodes } = await session.metrics();
    for (const { nodeId, activity = [] } of Object.values(nodes)) {
      assert.ok(activity.length > 0, nodeId);
      activity.forEach(([from, to], i) => assert.ok(to >= from && from >= (activity[i - 1]?.[1] ?? 0), nodeId));
    }
    assert.deepEqual(await files.running(), []);
  });

  it("understands a question by PocketSphinx", { skip: withoutPocketSphinx }, () =>
    files.behaving("real", async () => {
      const { outputs } = await converse(await files.manifest("offline"));
      assert.deepEqual(sentences(outputs), ANSWERS.time);
      assert.deepEqual(await files.running(), []);
    }));

  it(
    "understands what its README has it asked",
    { skip: withoutPocketSphinx },
    () =>
      files.behaving("real", async () => {
        const readme = await readFile(new URL("../../examples/voice_agent/README.md", import.meta.url), "utf8");
        const asked = Array.from(readme.matchAll(/^echo "(.+)" >/gm), ([, sentence]) => sentence as string);
        assert.equal(asked.length, 2);
        const answers = [];
        for (const sentence of asked) {
          const session = await runtime.open(await files.manifest("offline"));
          const outputs = collect(session);
          await send(session, await files.say(sentence));
          await session.finish();
          answers.push(sentences(await outputs));
        }
        assert.deepEqual(answers, [ANSWERS.time, ["It will be sunny all day.", "You need no umbrella."]]);
      }),
  );

  it("is played by the command, which draws who worked when", async () => {
    await inTempFolder(async (cwd) => {
      const speak = fileURLToPath(new URL("../../examples/voice_agent/speak.yaml", import.meta.url));
      await writeFile(join(cwd, "question.txt"), `${QUESTION}\n`);
      const asking = await runCli(["run", speak, "-i", "question.txt", "-o", "question.wav"], { cwd });
      assert.equal(asking.code, 0, asking.stderr);
      await writeFile(join(cwd, "offline.json"), JSON.stringify(offline));
      const plugin = fileURLToPath(files.module("scripted_answers"));
      const wavs = ["-i", "question.wav", "-o", "tts=answer.wav"];
      const answering = await runCli(["run", "offline.json", "--plugin", plugin, ...wavs, "--plot", "agent.png"], {
        cwd,
      });
      assert.equal(answering.code, 0, answering.stderr);
      // What no file takes is printed: when somebody spoke, and what was understood.
      assert.match(answering.text, /speech-start[^]*"nodeId":"asr"[^]*time/);
      const answer = await AudioSegment.fromFile(join(cwd, "answer.wav"));
      assert.ok(answer.durationMs > 2000, `${answer.durationMs} ms`);
      assert.equal((await readFile(join(cwd, "agent.png"))).subarray(1, 4).toString(), "PNG");
      assert.deepEqual(await files.running(), []);
    });
  });

  it("says nothing where nobody has spoken", async () => {
    const session = await runtime.open(offline);
    const outputs = collect(session);
    const quiet = () => RuntimeData.audio({ samples: new Float32Array(16_000), sampleRate: 16_000 });
    for (let second = 0; second < 5; second++) await session.send(quiet());
    await session.finish();
    assert.deepEqual((await outputs).filter(({ nodeId }) => nodeId !== "vad"), []);
  });
});

describe("the voice agent that is interrupted", () => {
  it("is silent at once, drops what it had to say, and answers what was said instead", async () => {
    const { Conversation }: Example = await import(files.module("conversation").href);
    // More than can be made in the time in which somebody is found to speak.
    const endless = Array.from({ length: 400 }, () => "There is no end to this.");
    const answer = {
      answers: [{ words: ["time"], say: endless.join(" ") }, { words: ["lights"], say: ANSWERS.lights.join(" ") }],
    };
    const params = { asr: { modelPath: files.model }, answer, tts: { voice: "kal16" } };
    const session = await runtime.open(await files.manifest("offline", params));
    const said: string[] = [];
    const happened: string[] = [];
    let hasBegun = () => {};
    const begun = new Promise<void>((resolve) => hasBegun = resolve);
    const speaker = {
      isPlaying: false,
      play({ metadata }: AudioData) {
        said.push(String(metadata?.["sentence"]));
        speaker.isPlaying = true;
        hasBegun();
      },
      stop() {
        said.push("(silence)");
        speaker.isPlaying = false;
      },
    };
    const conversation = new Conversation(session, speaker, ({ kind }) => happened.push(kind));
    const following = conversation.follow();
    let atUs = 0;
    const hear = async (chunks: readonly AudioData[]) => {
      for (const chunk of chunks) {
        await conversation.hear({ ...RuntimeData.copy(chunk) as AudioData, timestampUs: atUs });
        atUs += 100_000;
      }
    };
    await hear(question);
    await begun;
    await hear(await files.say(INTERRUPTION));
    // A microphone goes on; only then is heard again what was dropped.
    const quiet = RuntimeData.audio({ samples: new Int16Array(1600), sampleRate: 16_000 });
    while (said.at(-1) !== ANSWERS.lights.at(-1)) {
      await hear([quiet]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await session.finish();
    await following;

    const cut = said.indexOf("(silence)");
    assert.ok(cut > 0 && cut < endless.length, `${cut}`);
    assert.deepEqual(said.slice(0, cut), endless.slice(0, cut));
    // Nothing of the first answer comes late; and the whole interruption was heard, or else it would have been short.
    assert.deepEqual(said.slice(cut + 1), ANSWERS.lights);
    assert.equal(happened.filter((kind) => kind === "interruption").length, 1);
    assert.deepEqual(await files.running(), []);
  });
});

describe("the voice agent, by a service", () => {
  const PCM = { "content-type": "audio/pcm" };
  const REQUESTS = ["/audio/transcriptions", "/chat/completions", "/audio/speech"];
  let server: ModelServer;
  let manifest: Manifest;
  before(async () => {
    server = await ModelServer.start();
    const { baseUrl } = server;
    manifest = await files.manifest("service", { asr: { baseUrl }, answer: { baseUrl }, tts: { baseUrl } });
  });
  after(() => server.stop());

  /** Answers all; the request that ends so is begun, and never ended. */
  function serve(hanging?: string): Promise<{ closed: Promise<void> }> {
    return new Promise((resolve) => {
      server.requests.length = 0;
      server.answer = (asked, response) => {
        const isHanging = hanging !== undefined && asked.path.endsWith(hanging);
        if (asked.path.endsWith("/speech")) {
          response.writeHead(200, PCM);
          response.write(new Uint8Array(9600));
          if (!isHanging) response.end();
        } else if (isHanging) begin(response);
        else if (asked.path.endsWith("/completions")) chat(response, ["At ", "ten. ", "Good ", "bye."]);
        else {
          begin(response);
          response.end(event({ type: "transcript.text.done", text: "When does the train leave?" }));
        }
        if (isHanging) resolve(asked);
      };
    });
  }

  it("asks for text, an answer, and speech for each sentence", async () => {
    void serve();
    const { outputs } = await converse(manifest);
    assert.deepEqual(server.requests.map(({ path }) => path.replace("/v1", "")), [...REQUESTS, "/audio/speech"]);
    const [, asked, ...speech] = server.requests;
    assert.match(JSON.stringify(asked?.json()), /When does the train leave\?/);
    assert.deepEqual(speech.map((request) => request.json()["input"]), ["At ten.", "Good bye."]);
    assert.equal(seconds(outputs), 0.4);
  });

  for (const path of REQUESTS) {
    it(`closes its connection when it is cancelled in the middle of ${path}`, async () => {
      const hanging = serve(path);
      const session = await runtime.open(manifest);
      const reading = collect(session).catch((error) => error);
      await send(session, question);
      const { closed } = await hanging;
      await session.cancel("enough");
      await closed;
      assert.equal((await reading).reason, "session-cancelled");
    });
  }
});

describe("the voice agent that is cancelled", () => {
  const isEvent = (name: string) => ({ data }: SessionOutput) => JSON.stringify(data).includes(name);
  const stages: { readonly [when: string]: (output: SessionOutput) => boolean } = {
    "when somebody begins to speak": isEvent("speech-start"),
    "when the first words were understood": ({ port }) => port === "partials",
    "when somebody has spoken": isEvent("speech-end"),
    "when it begins to speak": ({ nodeId }) => nodeId === "tts",
  };

  for (const [when, isReached] of Object.entries(stages)) {
    it(`leaves nothing running: ${when}`, async () => {
      const params = { asr: { modelPath: files.model, wordByWord: true }, tts: { voice: "kal16" } };
      const session = await runtime.open(await files.manifest("offline", params));
      const asking = send(session, question).then(() => session.finish(), () => {});
      let wasReached = false;
      for await (const output of session) {
        wasReached = isReached(output);
        if (wasReached) break; // leaving the loop cancels the session
      }
      assert.ok(wasReached);
      await session.cancel();
      assert.equal(session.state, "cancelled");
      await asking;
      assert.deepEqual(await files.running(), []);
    });
  }

  it("leaves nothing running wherever in the question that is", async () => {
    for (let sent = 0; sent <= question.length; sent += 6) {
      const session = await runtime.open(offline);
      const reading = collect(session).catch((error) => error);
      await send(session, question.slice(0, sent));
      await session.cancel();
      assert.equal((await reading).reason, "session-cancelled");
      assert.deepEqual(await files.running(), [], `after ${sent} chunks`);
    }
  });

  it("leaves nothing running while it is opened", async () => {
    const stop = new AbortController();
    const opening = runtime.open(offline, { signal: stop.signal });
    stop.abort("not now");
    await assert.rejects(opening, { reason: "session-cancelled" });
    assert.deepEqual(await files.running(), []);
  });

  it("leaves nothing running while a recogniser works that never ends", () =>
    files.behaving("hangs", async () => {
      const session = await runtime.open(offline);
      const asking = send(session, question).then(() => session.finish(), () => {});
      for await (const output of session) if (isEvent("speech-end")(output)) break;
      await asking;
      assert.equal(session.state, "cancelled");
      assert.deepEqual(await files.running(), []);
    }));

  it("leaves nothing running when its recogniser is killed, and says so", () =>
    files.behaving("dies", async () => {
      const session = await runtime.open(offline);
      const reading = collect(session).catch((error) => error);
      await send(session, question).then(() => session.finish(), () => {});
      const error = await reading;
      assert.deepEqual([error.reason, error.nodeId], ["inference-failed", "asr"]);
      assert.match(error.message, /PocketSphinx was ended by SIGKILL/);
      assert.deepEqual(await files.running(), []);
    }));

  it("leaves nothing running when the runtime is closed in the middle", async () => {
    const session = await runtime.open(offline);
    const reading = collect(session).catch((error) => error);
    await send(session, question.slice(0, 8));
    assert.ok((await files.running()).length > 0);
    await runtime.close();
    assert.equal((await reading).reason, "session-cancelled");
    assert.deepEqual(await files.running(), []);
  });
});
