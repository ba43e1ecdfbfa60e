import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isInRange, isVersion, isVersionRange } from "../../core/node/version_range.ts";

const IN: readonly (readonly [range: string, inside: string, outside: string])[] = [
  ["1.2.3", "1.2.3 1.2.3+build", "1.2.2 1.2.4 1.2.3-beta"],
  ["=1.2.3", "1.2.3", "1.2.4"],
  ["1.2", "1.2.0 1.2.9", "1.1.9 1.3.0 1.3.0-0 1.2.1-beta"],
  ["1", "1.0.0 1.99.0", "0.9.9 2.0.0"],
  ["1.x", "1.0.0 1.99.0", "2.0.0"],
  ["1.2.*", "1.2.7", "1.3.0"],
  ["*", "0.0.0 9.9.9", "1.0.0-alpha"],
  ["x", "0.0.0", ""],
  ["^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-0 1.9.0-beta"],
  ["^1.2", "1.2.0 1.9.9", "1.1.9 2.0.0"],
  ["^1", "1.0.0 1.9.9", "2.0.0"],
  ["^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"],
  ["^0.2", "0.2.0 0.2.9", "0.3.0"],
  ["^0.0.3", "0.0.3", "0.0.4 0.0.2"],
  ["^0.0", "0.0.0 0.0.9", "0.1.0"],
  ["^0", "0.0.0 0.9.9", "1.0.0"],
  ["^0.0.0", "0.0.0", "0.0.1"],
  ["^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.10 1.2.3 1.5.0", "1.2.3-beta.1 1.2.4-beta.2 2.0.0"],
  ["~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"],
  ["~1.2", "1.2.0 1.2.9", "1.3.0"],
  ["~1", "1.0.0 1.9.9", "2.0.0"],
  ["~0.0.3", "0.0.3 0.0.9", "0.1.0"],
  [">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.2"],
  [">1.2", "1.3.0", "1.2.9"],
  [">1", "2.0.0", "1.9.9"],
  [">=1.2", "1.2.0 9.0.0", "1.1.9"],
  ["<1.2", "1.1.9", "1.2.0 1.2.0-0"],
  ["<=1.2", "1.2.9 0.1.0", "1.3.0 1.3.0-0"],
  ["<=1.2.3", "1.2.3", "1.2.4"],
  [">*", "", "0.0.0 1.0.0"],
  [">=*", "0.0.0", ""],
  [">=0.3 <1", "0.3.0 0.99.0", "0.2.9 1.0.0"],
  [">= 1.2.0   < 2", "1.2.0 1.9.0", "2.0.0"],
  ["^1.2 || ^3", "1.2.0 3.5.0", "2.0.0 4.0.0"],
  ["1.0.0||2.0.0", "1.0.0 2.0.0", "1.0.1"],
  [">=2.0.0-alpha <2.0.0", "2.0.0-alpha 2.0.0-rc.1", "2.0.0 1.0.0"],
  [">1.0.0-alpha.9007199254740993", "1.0.0", "1.0.0-alpha"],
];

describe("isInRange", () => {
  for (const [range, inside, outside] of IN) {
    it(`knows what is in ${range}`, () => {
      assert.ok(isVersionRange(range));
      for (const version of inside.split(" ").filter(Boolean)) assert.ok(isInRange(version, range), version);
      for (const version of outside.split(" ").filter(Boolean)) {
        assert.ok(isVersion(version), version);
        assert.ok(!isInRange(version, range), version);
      }
    });
  }

  it("has versions in the order of semver.org", () => {
    const ordered = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"
      .split(" ");
    for (const [i, version] of ordered.entries()) {
      for (const [k, other] of ordered.entries()) {
        // A version before a release is looked for by one of the same release.
        if (!other.includes("-")) continue;
        assert.equal(isInRange(version, `>${other}`), i > k, `${version} > ${other}`);
        assert.equal(isInRange(version, `<=${other}`), i <= k, `${version} <= ${other}`);
      }
    }
  });
});

describe("isVersion, isVersionRange", () => {
  it("take what is one", () => {
    for (const version of ["0.0.0", "1.2.3-a.b-c.0", "1.2.3+001.x", "1.2.3--", "999999999999999.0.0"]) {
      assert.ok(isVersion(version), version);
    }
  });

  it("refuse what is none", () => {
    const versions = [
      "",
      "1",
      "1.2",
      "v1.2.3",
      "1.2.3.4",
      "01.2.3",
      "1.2.3-",
      "1.2.3-01",
      "1.2.3-a..b",
      "1.2.x",
      " 1.2.3",
    ];
    for (const version of [...versions, "1.2.3\n", "1234567890123456.0.0", `1.2.3-${"a".repeat(300)}`]) {
      assert.ok(!isVersion(version), version);
      assert.ok(!isInRange(version, "*"), version);
    }
    const ranges = [
      "",
      " ",
      "||",
      "1 ||",
      "newest",
      "v1",
      "1.2 - 2.3",
      "~>1",
      "!1",
      ">",
      "^",
      "1.2.3.4",
      "^^1",
      ">=01",
      "1,2",
    ];
    for (const range of [...ranges, "x".repeat(300), "1.2.3-01"]) {
      assert.ok(!isVersionRange(range), range);
      assert.ok(!isInRange("1.2.3", range), range);
    }
  });
});

const part = fc.integer({ min: 0, max: 4 });
const release = fc.tuple(part, part, part);
const pre = fc.option(fc.constantFrom("0", "1", "11", "alpha", "alpha.1", "alpha.beta", "beta", "a-b"), { nil: "" });
const version = fc.tuple(release, pre).map(([numbers, pre]) => `${numbers.join(".")}${pre === "" ? "" : `-${pre}`}`);
const partial = fc.tuple(release, fc.integer({ min: 1, max: 3 })).map(([numbers, given]) => numbers.slice(0, given));
const comparator = fc.tuple(
  fc.constantFrom("", "=", "<", "<=", ">", ">=", "^", "~"),
  fc.oneof(version, partial.map(String)),
)
  .map(([sign, of]) => `${sign}${of.replaceAll(",", ".")}`);
const isRelease = (version: string) => !version.includes("-");

/** What each short form stands for, in whole comparators. */
function spelledOut(sign: string, given: readonly number[]): string {
  const [a, b, c] = [given[0] ?? 0, given[1] ?? 0, given[2] ?? 0];
  const low = `>=${a}.${b}.${c}`;
  const nexts = [`${a + 1}.0.0`, `${a}.${b + 1}.0`, `${a}.${b}.${c + 1}`];
  if (sign === "^") {
    const place = a > 0 || given.length === 1 ? 0 : b > 0 || given.length === 2 ? 1 : 2;
    return `${low} <${nexts[place]}`;
  }
  if (sign === "~") return `${low} <${nexts[given.length === 1 ? 0 : 1]}`;
  return `${low} <${nexts[given.length - 1]}`;
}

describe("ranges", () => {
  it("of short forms hold what they stand for", () =>
    fc.assert(fc.property(release, partial, fc.constantFrom("^", "~", ""), (of, given, sign) => {
      const version = of.join(".");
      const range = `${sign}${given.join(".")}`;
      assert.equal(isInRange(version, range), isInRange(version, spelledOut(sign, given)), `${version} in ${range}`);
    })));

  it("of one comparator split all releases in two", () =>
    fc.assert(fc.property(release, release, (a, b) => {
      const [version, other] = [a.join("."), b.join(".")];
      const difference = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
      assert.equal(isInRange(version, `>${other}`), difference > 0);
      assert.equal(isInRange(version, `<=${other}`), difference <= 0);
      assert.equal(isInRange(version, `<${other}`), difference < 0);
      assert.equal(isInRange(version, `>=${other}`), difference >= 0);
      assert.equal(isInRange(version, other), difference === 0);
    })));

  it("side by side hold what all of them hold, and with || between what one of them holds", () =>
    fc.assert(fc.property(version, comparator, comparator, (version, first, second) => {
      const [inFirst, inSecond] = [isInRange(version, first), isInRange(version, second)];
      assert.equal(isInRange(version, `${first} || ${second}`), inFirst || inSecond);
      // One before a release has to be named by one of them only.
      if (isRelease(version)) assert.equal(isInRange(version, `${first} ${second}`), inFirst && inSecond);
      else if (inFirst && inSecond) assert.ok(isInRange(version, `${first} ${second}`));
    })));

  it("hold a version before a release only where they name one of the same release", () =>
    fc.assert(fc.property(version, comparator, (version, range) => {
      if (isRelease(version) || !isInRange(version, range)) return;
      const [numbers] = version.split("-");
      assert.match(range, new RegExp(`^[<>=^~]*${numbers!.replaceAll(".", "\\.")}-`));
    })));

  it("are read, or refused, whatever the text", () =>
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: fc.constantFrom(..."0123456789.-+x*<>=^~| ") }), (text, like) => {
        for (const range of [text, like, `>=1 ${like}`]) {
          if (isInRange("1.2.3", range)) assert.ok(isVersionRange(range));
        }
        if (isVersion(like)) assert.equal(isInRange(like, "*"), isRelease(like.split("+")[0]!));
      }),
    ));
});
