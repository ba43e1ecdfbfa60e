/**
 * Finds presets by what they sound like, without a network: words, tags,
 * synonyms and near spellings, and on request a model of meaning.
 *
 * @module
 */

import MiniSearch, { type SearchResult } from "minisearch";
import type { Preset } from "../preset/schema.ts";
import type { Role } from "../preset/roles.ts";
import { synonymsOf } from "./synonyms.ts";

/** Why a preset was found. */
export interface SearchReason {
  /** The word of the prompt. */
  readonly word: string;
  /** The word of the preset. */
  readonly matched: string;
  /** `"word"`, `"synonym"`, or `"spelling"` for a beginning or a near spelling. */
  readonly by: "word" | "synonym" | "spelling";
  /** Where it stands in the preset. */
  readonly fields: readonly string[];
}

/** A preset that was found. */
export interface PresetMatch {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Higher is better; comparable within one search. */
  readonly score: number;
  readonly reasons: readonly SearchReason[];
  /** Nearness in meaning, -1 to 1, where a model is in use. */
  readonly similarity?: number;
}

/** Turns texts into vectors whose directions are meanings. */
export interface Embedder {
  embed(texts: readonly string[]): Promise<readonly ArrayLike<number>[]>;
}

/** How a search runs. */
export interface SearchOptions {
  /** Only presets of this role. */
  readonly role?: Role | undefined;
  /** Most results. */
  readonly limit: number;
}

const FIELDS = ["name", "tags", "description", "role"];
const BOOST = { name: 3, tags: 2.5, description: 1, role: 1.5 };
const SYNONYM_WEIGHT = 0.45;
/** Words that say nothing about a sound. */
const STOP_WORDS = new Set(
  "a an and the of for with in on to like that is it me my some sound sounds please want make".split(" "),
);
const MAX_WORDS = 64;

/** Words of a text, lower case, without those that say nothing, plurals without their s. */
export function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*/gu) ?? [])
    .filter((word) => !STOP_WORDS.has(word)).slice(0, MAX_WORDS);
}

function stem(word: string): string {
  return word.length > 4 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

/** An index of presets. */
export class PresetSearch {
  readonly #index: MiniSearch;
  readonly #presets: ReadonlyMap<string, Preset>;
  readonly #embedder: Embedder | undefined;
  #vectors: Promise<ReadonlyMap<string, ArrayLike<number>>> | undefined;

  constructor(presets: readonly Preset[], embedder?: Embedder) {
    this.#presets = new Map(presets.map((preset) => [preset.id, preset]));
    this.#embedder = embedder;
    this.#index = new MiniSearch({
      fields: FIELDS,
      tokenize: wordsOf,
      processTerm: (term) => stem(term),
      extractField: (document, name) => {
        const value: unknown = document[name];
        return Array.isArray(value) ? value.join(" ") : String(value ?? "");
      },
    });
    this.#index.addAll([...presets]);
  }

  /** Presets by how well they fit a prompt. */
  async search(prompt: string, { role, limit }: SearchOptions): Promise<PresetMatch[]> {
    const words = wordsOf(prompt);
    const fits = ({ id }: { readonly id: string }) => role === undefined || this.#presets.get(id)?.role === role;
    const matches = this.#byWords(words).filter(fits);
    const ranked = this.#embedder === undefined
      ? matches
      : await this.#byMeaning(prompt, matches, this.#embedder, fits);
    return ranked.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, limit);
  }

  #byWords(words: readonly string[]): PresetMatch[] {
    const synonyms = new Map(words.map((word) => [word, synonymsOf(word)]));
    const results = this.#index.search({
      combineWith: "OR",
      queries: [
        {
          queries: [...words],
          combineWith: "OR",
          boost: BOOST,
          fuzzy: (term) => term.length > 4 ? 0.2 : false,
          prefix: (term) => term.length > 3,
        },
        ...[...synonyms.values()].flat().map((synonym) => ({
          queries: [synonym],
          boost: Object.fromEntries(Object.entries(BOOST).map(([field, boost]) => [field, boost * SYNONYM_WEIGHT])),
        })),
      ],
    });
    return results.map((result) => this.#toMatch(result, synonyms));
  }

  #toMatch(result: SearchResult, synonyms: ReadonlyMap<string, readonly string[]>): PresetMatch {
    const { id, name, role } = this.#presets.get(result.id) as Preset;
    const reasons = Object.entries(result.match).map(([matched, fields]): SearchReason => {
      const exact = [...synonyms.keys()].find((word) => stem(word) === matched);
      if (exact !== undefined) return { word: exact, matched, by: "word", fields };
      const [word] = [...synonyms].find(([, others]) => others.some((other) => stem(other) === matched)) ?? [];
      if (word !== undefined) return { word, matched, by: "synonym", fields };
      return {
        word: result.queryTerms.find((term) => matched.startsWith(term)) ?? result.queryTerms[0] ?? "",
        matched,
        by: "spelling",
        fields,
      };
    });
    // Engines differ in the last digit of a logarithm: the order must not.
    return { id, name, role, score: Math.round(result.score * 1e4) / 1e4, reasons };
  }

  async #byMeaning(
    prompt: string,
    matches: readonly PresetMatch[],
    embedder: Embedder,
    fits: (preset: { readonly id: string }) => boolean,
  ): Promise<PresetMatch[]> {
    this.#vectors ??= embedAll([...this.#presets.values()], embedder);
    const vectors = await this.#vectors.catch((thrown) => {
      this.#vectors = undefined; // tried again at the next search
      throw thrown;
    });
    const [query] = await embedder.embed([prompt]);
    const best = Math.max(1e-9, ...matches.map(({ score }) => score));
    return [...this.#presets.values()].filter(fits).map(({ id, name, role }) => {
      const match = matches.find((one) => one.id === id);
      const similarity = Math.round(1e4 * cosine(query ?? [], vectors.get(id) ?? [])) / 1e4;
      const score = Math.round(1e4 * (0.5 * (match?.score ?? 0) / best + 0.5 * similarity)) / 1e4;
      return { id, name, role, score, reasons: match?.reasons ?? [], similarity };
    });
  }
}

async function embedAll(
  presets: readonly Preset[],
  embedder: Embedder,
): Promise<ReadonlyMap<string, ArrayLike<number>>> {
  const texts = presets.map(({ name, role, description = "", tags = [] }) =>
    `${name}. ${role}. ${description} ${tags.join(", ")}`
  );
  const vectors = await embedder.embed(texts);
  return new Map(presets.map(({ id }, i) => [id, vectors[i] ?? []]));
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : 0;
}
