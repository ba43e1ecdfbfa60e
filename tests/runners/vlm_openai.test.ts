import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decode, encode } from "fast-png";
import { openai } from "../../plugins/vlm/mod.ts";
import { type BinaryData, RuntimeData, type VideoData } from "../../core/plugin.ts";
import { toRunnerError } from "../../runners/mod.ts";
import { runNode } from "../../testing/mod.ts";
import { chat, ModelServer } from "./_model_server.ts";

let server: ModelServer;
before(async () => void (server = await ModelServer.start()));
after(() => server.stop());

const png = () => new Uint8Array(encode({ width: 2, height: 1, data: new Uint8Array(6), channels: 3, depth: 8 }));

async function ask(image: BinaryData | VideoData, params: object = {}, text?: string) {
  const runner = await openai.create({ params: { baseUrl: server.baseUrl, ...params } });
  return await Array.fromAsync(runner.run({ inputs: { image, text } }));
}

type Parts = readonly { readonly text?: string; readonly image_url?: { readonly url: string } }[];
const partsOf = (at: number): Parts => (server.last.json()["messages"] as { content: Parts }[])[at]?.content ?? [];

describe("vlm.openai", () => {
  it("sends bytes as they are, with the question", async () => {
    server.answer = (_, response) => chat(response, ["A ", "dot."]);
    const results = await ask(RuntimeData.binary(png(), { mimeType: "image/wrong" }), {}, "What is it?");
    assert.deepEqual(results.map(({ outputs }) => outputs.text), ["A ", "dot.", ""]);
    assert.deepEqual(results.at(-1)?.metadata["results"], [{ step: "answer", text: "A dot." }]);
    const [question, image] = partsOf(0);
    assert.equal(question?.text, "What is it?");
    assert.equal(image?.image_url?.url, `data:image/png;base64,${Buffer.from(png()).toString("base64")}`);
  });

  it("sends a video frame as PNG, to the pixel", async () => {
    const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
    await ask({ type: "video", pixels, width: 2, height: 1, pixelFormat: "rgb24" });
    const url = partsOf(0)[1]?.image_url?.url ?? "";
    const image = decode(Buffer.from(url.replace("data:image/png;base64,", ""), "base64"));
    assert.deepEqual([image.width, image.height, [...image.data]], [2, 1, [...pixels]]);
  });

  it("asks step by step, each with the answers so far", async () => {
    server.answer = ({ json }, response) => chat(response, [`answer ${(json()["messages"] as unknown[]).length}`]);
    const steps = [{ name: "objects", prompt: "What is there?" }, { name: "scene", prompt: "And where?" }];
    const results = await ask(RuntimeData.binary(png()), { steps });
    assert.deepEqual(
      results.map(({ outputs, metadata, progress, partial }) => [
        outputs.text,
        metadata["step"],
        progress?.progressPercent,
        partial,
      ]),
      [["answer 1", "objects", 0, true], ["answer 3", "scene", 50, true], ["", "scene", 100, false]],
    );
  });

  it("takes an image within a request in JSON, and refuses one that cannot be decoded", async () => {
    server.answer = (_, response) => chat(response, ["A dot."]);
    const request = (base64: string) => RuntimeData.json({ inputs: { text: "What is it?", image: { base64 } } });
    const params = { baseUrl: server.baseUrl };
    const { output } = await runNode(openai.node, [request(Buffer.from(png()).toString("base64"))], { params });
    assert.deepEqual(output.map((data) => RuntimeData.asText(data)), ["A dot.", ""]);
    assert.equal(partsOf(0)[0]?.text, "What is it?");
    const asked = server.requests.length;
    for (const base64 of ["not base64!", "", "aGVsbG8="]) {
      const error = await runNode(openai.node, [request(base64)], { params }).catch((thrown) => thrown);
      assert.equal(toRunnerError(error).code, "E400", base64);
    }
    assert.equal(server.requests.length, asked);
  });

  it("refuses what is no image: E400, without a request", async () => {
    const asked = server.requests.length;
    const frame = { type: "video", pixels: new Uint8Array(5), width: 2, height: 1 } as const;
    const images: (BinaryData | VideoData)[] = [
      RuntimeData.binary(new Uint8Array(0)),
      RuntimeData.binary(new TextEncoder().encode("<html>")),
      { ...frame, pixelFormat: "rgb24" },
      { ...frame, pixelFormat: "nv12" },
    ];
    for (const image of images) {
      const [result] = await ask(image);
      assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E400", false]);
    }
    assert.equal(server.requests.length, asked);
  });
});
