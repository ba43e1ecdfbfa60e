import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SentenceSplitter, type SplitterOptions } from "../../plugins/text/splitter.ts";

function split(pieces: Iterable<string>, options: Partial<SplitterOptions> = {}): string[] {
  const splitter = new SentenceSplitter({ maxChars: 1000, ...options });
  const found = [...pieces].flatMap((piece) => [...splitter.push(piece)]);
  return [...found, ...splitter.flush()].map(({ text }) => text);
}

/** Each case as its sentences, separated by single spaces in the text. */
const SENTENCES: { readonly [what: string]: readonly string[] } = {
  "plain stops": ["Hello there.", "How are you?", "Fine!", "And you"],
  "titles": ["Dr. Smith met Mrs. Jones and Prof. Brown.", "They talked."],
  "Latin abbreviations": ["Use tools, e.g. Deno, i.e. This one.", "See cf. The book vs. The film."],
  "abbreviations that may end a sentence": [
    "Pears etc. are fruit.",
    "We sell pears, apples, etc.",
    "However, not now.",
  ],
  "letters with stops": ["The U.S. Army left at 5 p.m. sharp.", "He lives in the U.S.", "They do not."],
  "initials": ["J. A. Smith and George W. Bush came.", "It was I.", "He knew."],
  "decimals and versions": ["Pi is 3.14 and v1.2.3 is out.", "It costs $4.50.", "Cheap."],
  "numbers at the end": ["It was in 1990.", "Then came 1991."],
  "abbreviated numbers": ["See Fig. 3 and No. 5 on p. 7.", "The answer is no.", "Mary left in Dec.", "Bob too."],
  "list numbers": ["1. Buy milk.", "2. Sell it."],
  "addresses": ["Visit example.com or a.b/c?d=e!f today.", "Thanks."],
  "an ellipsis": ["Well... maybe… or not.", "Wait...", "What?"],
  "quotes": ['"Really?" he asked.', '"Yes."', "She left.", "“Stop!” they cried.", "‘No.’", "Silence."],
  "brackets": ["It works (mostly.)", "It does [so it seems!] work.", "(All of it.)", "Yes."],
  "Markdown": ["**Note.**", "This is *it.*", "`Done.`"],
  "several stops": ["What?!", "No way!!!", "Oh.", "?!", "Ok."],
  "German": ["Das gilt z.B. für Dr. Müller bzw. Frau Özil.", "Übrigens auch für dich."],
  "letters that follow a stop": ["Hello.World is one.", "So is don't.'s odd."],
};

describe("SentenceSplitter", () => {
  for (const [what, expected] of Object.entries(SENTENCES)) {
    it(`knows ${what}`, () => assert.deepEqual(split([expected.join(" ")]), expected));
  }

  it("needs no space after Chinese and Japanese stops", () => {
    assert.deepEqual(split(["你好！我是小明。价格是3.5元。真的吗？！是。"]), [
      "你好！",
      "我是小明。",
      "价格是3.5元。",
      "真的吗？！",
      "是。",
    ]);
    assert.deepEqual(split(["「元気？」「はい。」よし。"]), ["「元気？」", "「はい。」", "よし。"]);
    assert.deepEqual(split(["你好!我是"]), ["你好!", "我是"]);
  });

  it("knows stops of other scripts", () => {
    assert.deepEqual(split(["यह है। वह है। هل هذا؟ نعم۔"]), ["यह है।", "वह है।", "هل هذا؟", "نعم۔"]);
  });

  it("ends sentences at line breaks, or at empty lines only", () => {
    const text = "Title\n\nA line\r\nthat goes on\n \nDr.\nWho. Yes.";
    assert.deepEqual(split([text]), ["Title", "A line", "that goes on", "Dr.", "Who.", "Yes."]);
    assert.deepEqual(split([text], { lineBreak: "wraps" }), ["Title", "A line\r\nthat goes on", "Dr.\nWho.", "Yes."]);
  });

  it("takes further abbreviations", () => {
    const text = "Der Abs. Drei gilt. Ja";
    assert.deepEqual(split([text]), ["Der Abs.", "Drei gilt.", "Ja"]);
    assert.deepEqual(split([text], { abbreviations: ["Abs."] }), ["Der Abs. Drei gilt.", "Ja"]);
  });

  it("gives a sentence with the first character that makes it certain", () => {
    const firstOf = (text: string): number => {
      const splitter = new SentenceSplitter({ maxChars: 1000 });
      return [...text].findIndex((char) => [...splitter.push(char)].length > 0);
    };
    assert.equal(firstOf("Hello. How"), "Hello. ".length - 1);
    assert.equal(firstOf("你好。我"), "你好。我".length - 1);
    assert.equal(firstOf('"No." He'), '"No." H'.length - 1);
    assert.equal(firstOf("Pears etc. The end"), "Pears etc. The ".length - 1);
    assert.equal(firstOf("Title\nText"), "Title\n".length - 1);
  });

  it("cuts what is too long: at a stop, after a clause, between words, or anywhere", () => {
    const limit = { maxChars: 20 };
    assert.deepEqual(split(["It is so, my dear friend who came"], limit), ["It is so, my dear", "friend who came"]);
    assert.deepEqual(split(["It is as it was, my dear friend"], limit), ["It is as it was,", "my dear friend"]);
    assert.deepEqual(split(["Well, he left etc. Bananas"], limit), ["Well, he left etc.", "Bananas"]);
    assert.deepEqual(split(["x".repeat(45)], limit), ["x".repeat(20), "x".repeat(20), "xxxxx"]);
    assert.deepEqual(split(["a" + "😀".repeat(12)], limit), ["a" + "😀".repeat(9), "😀".repeat(3)]);
    assert.deepEqual(split(["Yes." + " ".repeat(100) + "No."], limit), ["Yes.", "No."]);
  });

  it("gives nothing for nothing", () => {
    assert.deepEqual(split([""]), []);
    assert.deepEqual(split([" \n ", "\t"]), []);
  });

  it("does not depend on how the text was cut, and tells where each sentence begins", () => {
    const text = [
      ...Object.values(SENTENCES).flat(),
      "你好！我是小明。真的吗？！是。\n\nA 😀 line.\r\nThat goes on,",
      "and on, with a sentence that is longer than others are, etc. Bananas.".repeat(3),
      " ".repeat(30) + "End😀",
    ].join(" ");
    for (const lineBreak of ["ends", "wraps"] as const) {
      for (const maxChars of [20, 37, 64, 1000]) {
        const whole = split([text], { maxChars, lineBreak });
        assert.ok(whole.every((sentence) => sentence.length <= maxChars && sentence === sentence.trim()));
        assert.equal(whole.join("").replace(/\s/g, ""), text.replace(/\s/g, ""), "no letter is lost");
        for (const sizes of [[1], [2, 3], [7, 1, 19], [128]]) {
          assert.deepEqual(split(cut(text, sizes), { maxChars, lineBreak }), whole);
        }
        const splitter = new SentenceSplitter({ maxChars, lineBreak });
        for (const sentence of [...splitter.push(text), ...splitter.flush()]) {
          assert.equal(text.slice(sentence.start, sentence.start + sentence.text.length), sentence.text);
        }
      }
    }
  });
});

/** Cuts text into pieces whose sizes repeat, also through the middle of a character. */
function* cut(text: string, sizes: readonly number[]): Generator<string> {
  for (let i = 0, k = 0; i < text.length; k++) {
    const size = sizes[k % sizes.length] as number;
    yield text.slice(i, i + size);
    i += size;
  }
}
