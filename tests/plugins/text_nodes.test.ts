import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonValue, RuntimeData, type RuntimeData as Data, StreamrackError } from "../../core/plugin.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import { changeCase } from "../../plugins/text/case.ts";
import text from "../../plugins/text/mod.ts";
import { sentences } from "../../plugins/text/sentences.ts";
import { template } from "../../plugins/text/template.ts";
import { runNode } from "../../testing/mod.ts";

type Definition = typeof template;

async function badPaths(definition: Definition, params: JsonValue): Promise<string[]> {
  const result = await new StreamingNodeFactory(definition, text.name).checkParams(params, "p");
  return result.ok ? [] : result.problems.map(({ path }) => path);
}

async function one(definition: Definition, input: Data, params: JsonValue): Promise<string> {
  const { output } = await runNode(definition, [input], { params });
  assert.equal(output.length, 1);
  return RuntimeData.asText(output[0] as Data);
}

describe("text.case", () => {
  const change = (value: string, mode: string, locale?: string): Promise<string> =>
    one(changeCase, RuntimeData.text(value), { mode, ...(locale === undefined ? {} : { locale }) });

  it("knows four cases", async () => {
    const given = "the QUICK, o'neill's well-known 3rd fox. über-dogs ran? yes";
    assert.equal(await change(given, "upper"), "THE QUICK, O'NEILL'S WELL-KNOWN 3RD FOX. ÜBER-DOGS RAN? YES");
    assert.equal(await change(given, "lower"), "the quick, o'neill's well-known 3rd fox. über-dogs ran? yes");
    assert.equal(await change(given, "title"), "The Quick, O'neill's Well-Known 3rd Fox. Über-Dogs Ran? Yes");
    assert.equal(await change(given, "sentence"), "The quick, o'neill's well-known 3rd fox. Über-dogs ran? Yes");
  });

  it("keeps what stands around sentences", async () => {
    assert.equal(
      await change('  "HI THERE."  WHAT?\n\n1. one\n3 two ', "sentence"),
      '  "Hi there."  What?\n\n1. One\n3 two ',
    );
    assert.equal(await change(" \n", "sentence"), " \n");
    assert.equal(await change("", "title"), "");
  });

  it("follows the locale, else the language of the text, else none", async () => {
    assert.equal(await change("iI", "upper", "tr"), "İI");
    assert.equal(await change("iI", "lower"), "ii");
    assert.equal(await change("istanbul", "title", "tr"), "İstanbul");
    assert.equal(await one(changeCase, RuntimeData.text("i", { language: "tr" }), { mode: "upper" }), "İ");
    assert.equal(await one(changeCase, RuntimeData.text("i", { language: "not a tag" }), { mode: "upper" }), "I");
  });

  it("keeps timestamp, language and metadata", async () => {
    const input = RuntimeData.text("a", { timestampUs: 3, language: "en", metadata: { b: 1 } });
    assert.deepEqual((await runNode(changeCase, [input], { params: { mode: "upper" } })).output, [{
      ...input,
      text: "A",
    }]);
  });

  it("names bad parameters", async () => {
    assert.deepEqual(await badPaths(changeCase, {}), ["p.mode"]);
    assert.deepEqual(await badPaths(changeCase, { mode: "camel" }), ["p.mode"]);
    assert.deepEqual(await badPaths(changeCase, { mode: "upper", locale: "no such tag" }), ["p.locale"]);
  });
});

describe("text.sentences", () => {
  it("gives each sentence what came with the fragment in which it begins", async () => {
    const fragments = ["Hel", "lo. ", " ", "How are", " you? I", "'m fine"];
    const input = fragments.map((fragment, i) =>
      RuntimeData.text(fragment, { timestampUs: i, language: "en", metadata: { token: i } })
    );
    const at = (text: string, i: number) => ({
      type: "text",
      text,
      timestampUs: i,
      language: "en",
      metadata: { token: i },
    });
    const { output } = await runNode(sentences, input);
    assert.deepEqual(output, [at("Hello.", 0), at("How are you?", 3), at("I'm fine", 4)]);
  });

  it("ends a sentence with its text where it is told that texts are whole", async () => {
    const input = ["The first. And", "another"].map((text) => RuntimeData.text(text));
    const textsWith = async (params: { [key: string]: JsonValue }) =>
      (await runNode(sentences, input, { params })).output.map(RuntimeData.asText);
    assert.deepEqual(await textsWith({}), ["The first.", "Andanother"]);
    assert.deepEqual(await textsWith({ wholeText: "continues" }), ["The first.", "Andanother"]);
    assert.deepEqual(await textsWith({ wholeText: "ends" }), ["The first.", "And", "another"]);
  });

  it("keeps memory bounded", async () => {
    const input = Array.from({ length: 2000 }, () => RuntimeData.text("word "));
    const { output } = await runNode(sentences, input, { params: { maxChars: 100 } });
    assert.equal(output.length, 100);
    assert.ok(output.every((data) => RuntimeData.asText(data).length <= 100));
  });

  it("names bad parameters", async () => {
    assert.deepEqual(await badPaths(sentences, { maxChars: 5 }), ["p.maxChars"]);
    assert.deepEqual(await badPaths(sentences, { lineBreak: "no" }), ["p.lineBreak"]);
    assert.deepEqual(await badPaths(sentences, { wholeText: true }), ["p.wholeText"]);
    assert.deepEqual(await badPaths(sentences, { abbreviations: ["a", 1] }), ["p.abbreviations[1]"]);
    assert.deepEqual(await badPaths(sentences, {}), []);
  });
});

describe("text.template", () => {
  const fill = (pattern: string, value: JsonValue, params: { [key: string]: JsonValue } = {}): Promise<string> =>
    one(template, RuntimeData.json(value), { template: pattern, ...params });

  async function failure(pattern: string, value: JsonValue): Promise<string> {
    const error: unknown = await fill(pattern, value).then(() => undefined, (thrown) => thrown);
    assert.ok(StreamrackError.is(error));
    return `${error.message} ${error.cause instanceof Error ? error.cause.message : ""}`;
  }

  it("inserts fields of JSON", async () => {
    const value = { name: "Ada", user: { tags: ["x", "y"] }, n: 1.5, ok: false, none: null };
    assert.equal(await fill("Hello {{name}}, {{ name }}!", value), "Hello Ada, Ada!");
    assert.equal(
      await fill("{{user.tags.1}} {{user}} {{n}}{{ok}}{{none}}", value),
      'y {"tags":["x","y"]} 1.5falsenull',
    );
    assert.equal(await fill("no field", value), "no field");
    assert.equal(await fill("{{.}}", [1, 2]), "[1,2]");
    assert.equal(await fill("{{1}}", [1, 2]), "2");
  });

  it("inserts text", async () => {
    const input = RuntimeData.text("hi", { timestampUs: 4, language: "en" });
    const { output } = await runNode(template, [input], { params: { template: "Say: {{text}}{{.}}" } });
    assert.deepEqual(output, [{ ...input, text: "Say: hihi" }]);
  });

  it("keeps timestamp and metadata of JSON", async () => {
    const input = RuntimeData.json({ a: 1 }, { timestampUs: 4, metadata: { b: 2 } });
    const { output } = await runNode(template, [input], { params: { template: "{{a}}" } });
    assert.deepEqual(output, [RuntimeData.text("1", { timestampUs: 4, metadata: { b: 2 } })]);
  });

  it("looks at nothing twice, and evaluates nothing", async () => {
    assert.equal(await fill("{{a}}|{{b}}", { a: "{{b}}", b: "$& $1" }), "{{b}}|$& $1");
    assert.equal(await fill("{{a + b}}", { "a + b": "a name" }), "a name");
    assert.equal(await fill(String.raw`\{{a}} {{a}} { } }}`, { a: 1 }), "{{a}} 1 { } }}");
  });

  it("reaches own fields only", async () => {
    const names = [
      "__proto__",
      "constructor",
      "toString",
      "a.length",
      "a.__proto__",
      "s.length",
      "list.length",
      "list.-1",
    ];
    const value = { a: {}, s: "text", list: [1] };
    for (const name of names) {
      assert.equal(await fill(`{{${name}}}`, value, { missing: "empty" }), "", name);
    }
    assert.equal(await fill("{{__proto__.x}}", JSON.parse('{"__proto__": {"x": 1}}'), { missing: "keep" }), "1");
  });

  it("treats missing fields as told", async () => {
    assert.equal(await fill("a{{b}}c", {}, { missing: "empty" }), "ac");
    assert.equal(await fill("a{{ b.c }}c", { b: 1 }, { missing: "keep" }), "a{{ b.c }}c");
    assert.match(await failure("Hi {{user.name}}", { user: {}, id: 1 }), /value\.user\.name: is missing.*user, id/);
    assert.match(await failure("{{x}}", 3), /value\.x: is missing; received a number/);
  });

  it("names bad templates", async () => {
    for (const bad of ["{{name", "{{}}", "{{a..b}}", "{{ {a} }}", 5]) {
      assert.deepEqual(await badPaths(template, { template: bad }), ["p.template"], String(bad));
    }
    assert.deepEqual(await badPaths(template, { template: "{{a}}", missing: "maybe" }), ["p.missing"]);
  });
});
