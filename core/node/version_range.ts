/**
 * Semantic versions and ranges of them, as npm understands these: comparators
 * (`>=1.2 <2`), `^`, `~`, parts that are left out or are `x`, and alternatives
 * between `||`.
 *
 * A range with a hyphen (`1.2 - 2.3`) and a `v` in front of a version are
 * refused. Texts may come from a thread that is not trusted: they are bounded,
 * and read in time that grows with their length alone.
 *
 * @module
 */

type Numbers = readonly [major: number, minor: number, patch: number];

interface Version {
  readonly numbers: Numbers;
  /** What stands behind the hyphen; empty for a release. */
  readonly pre: readonly (number | string)[];
}

interface Bound {
  readonly sign: ">" | ">=" | "<" | "<=" | "=";
  readonly version: Version;
}

const TEXT_MAX_CHARS = 256;

const NUMBER = "(0|[1-9]\\d{0,14})";
const IDENTIFIERS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const TAIL = `(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?`;
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}${TAIL}$`);
const PART = "(0|[1-9]\\d{0,14}|[xX*])";
const COMPARATOR = new RegExp(`^(>=|<=|>|<|=|\\^|~|)${PART}(?:\\.${PART}(?:\\.${PART}${TAIL})?)?$`);
/** A number with zeros in front of it has no place in the order of versions. */
const PADDED_NUMBER = /^0\d+$/;

/** Whether a text is a semantic version, such as `"1.4.0"` or `"2.0.0-beta.1"`. */
export function isVersion(text: string): boolean {
  return readVersion(text) !== undefined;
}

/** Whether a text is a range of versions, such as `"^1.2.0"` or `">=0.3 <1"`. */
export function isVersionRange(text: string): boolean {
  return readRange(text) !== undefined;
}

/**
 * Whether a version lies within a range; false if either is none. A version
 * before a release (`2.0.0-beta.1`) does so only where the range names one
 * before the same release.
 */
export function isInRange(version: string, range: string): boolean {
  const read = readVersion(version);
  if (read === undefined) return false;
  return readRange(range)?.some((bounds) => isWithin(read, bounds)) === true;
}

function isWithin(version: Version, bounds: readonly Bound[]): boolean {
  if (!bounds.every((bound) => holds(version, bound))) return false;
  const names = ({ pre, numbers }: Version) =>
    pre.length > 0 && numbers.every((part, i) => part === version.numbers[i]);
  return version.pre.length === 0 || bounds.some((bound) => names(bound.version));
}

function holds(version: Version, { sign, version: other }: Bound): boolean {
  const order = compare(version, other);
  if (sign === "=") return order === 0;
  if (sign === ">" || sign === ">=") return order > 0 || (order === 0 && sign === ">=");
  return order < 0 || (order === 0 && sign === "<=");
}

/** Below, at or above 0, as the first comes before, with or after the second. */
function compare(a: Version, b: Version): number {
  const at = a.numbers.findIndex((part, i) => part !== b.numbers[i]);
  if (at >= 0) return (a.numbers[at] as number) - (b.numbers[at] as number);
  // A release comes after all that was before it.
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  const differs = a.pre.findIndex((identifier, i) => identifier !== b.pre[i]);
  return differs < 0 ? a.pre.length - b.pre.length : compareIdentifiers(a.pre[differs], b.pre[differs]);
}

function compareIdentifiers(a: number | string | undefined, b: number | string | undefined): number {
  if (b === undefined) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return (a as string) < (b as string) ? -1 : 1;
}

function readVersion(text: string): Version | undefined {
  const [, major, minor, patch, pre] = (text.length <= TEXT_MAX_CHARS && VERSION.exec(text)) || [];
  if (major === undefined) return undefined;
  const identifiers = readIdentifiers(pre);
  return identifiers && { numbers: [Number(major), Number(minor), Number(patch)], pre: identifiers };
}

function readIdentifiers(text: string | undefined): Version["pre"] | undefined {
  const identifiers = text?.split(".") ?? [];
  if (identifiers.some((identifier) => PADDED_NUMBER.test(identifier))) return undefined;
  return identifiers.map((identifier) => /^\d{1,15}$/.test(identifier) ? Number(identifier) : identifier);
}

/** The alternatives of a range, each the bounds that have to hold together. */
function readRange(text: string): Bound[][] | undefined {
  if (text.length > TEXT_MAX_CHARS) return undefined;
  const alternatives: Bound[][] = [];
  for (const alternative of text.split("||")) {
    const comparators = alternative.trim().replace(/([<>=^~])\s+/g, "$1").split(/\s+/).map(readComparator);
    if (comparators.includes(undefined)) return undefined;
    alternatives.push((comparators as Bound[][]).flat());
  }
  return alternatives;
}

function readComparator(text: string): Bound[] | undefined {
  const [whole, sign, major, minor, patch, pre] = COMPARATOR.exec(text) ?? [];
  const identifiers = readIdentifiers(pre);
  if (whole === undefined || identifiers === undefined) return undefined;
  const parts = [major, minor, patch];
  const given = parts.findIndex((part) => part === undefined || !/^\d/.test(part));
  const numbers = parts.slice(0, given < 0 ? 3 : given).map(Number);
  return boundsOf(sign as string, numbers, numbers.length === 3 ? identifiers : []);
}

/** What a sign in front of one to three numbers means; of none, it is everything, or nothing. */
function boundsOf(sign: string, given: readonly number[], pre: Version["pre"]): Bound[] {
  const [major = 0, minor = 0, patch = 0] = given;
  const low: Version = { numbers: [major, minor, patch], pre };
  const last = given.length - 1;
  if (last < 0) return sign === "<" || sign === ">" ? [{ sign: "<", version: FIRST }] : [];
  const upTo = (place: number): Bound => ({ sign: "<", version: beforeNext(low, place) });
  if (sign === "^") {
    const leading = given.findIndex((part) => part > 0);
    return [{ sign: ">=", version: low }, upTo(leading < 0 ? last : leading)];
  }
  if (sign === "~") return [{ sign: ">=", version: low }, upTo(Math.min(last, 1))];
  if (sign === ">=") return [{ sign, version: low }];
  if (last === 2) return [{ sign: sign === "" ? "=" : sign as Bound["sign"], version: low }];
  if (sign === ">") return [{ sign: ">=", version: { ...beforeNext(low, last), pre: [] } }];
  if (sign === "<") return [{ sign, version: { ...low, pre: [0] } }];
  return sign === "<=" ? [upTo(last)] : [{ sign: ">=", version: low }, upTo(last)];
}

/** The first of all versions: nothing is before it. */
const FIRST: Version = { numbers: [0, 0, 0], pre: [0] };

/** The first version before the release in which the number at a place is the next one. */
function beforeNext({ numbers }: Version, place: number): Version {
  const [major, minor, patch] = numbers.map((part, i) => i < place ? part : i === place ? part + 1 : 0);
  return { numbers: [major, minor, patch] as [number, number, number], pre: [0] };
}
