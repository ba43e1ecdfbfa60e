import assert from "node:assert/strict";
import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { describe, it } from "node:test";
import { buildProgram } from "../../cli/program.ts";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";
import { localLinks } from "../../scripts/lib/markdown.ts";
import { anchors, codeBlocks } from "./_markdown.ts";

const documents = await findFiles("", (path) => path.endsWith(".md"));
const texts = new Map(
  await Promise.all(documents.map(async (path) => [path, await readFile(join(ROOT, path), "utf8")] as const)),
);
const tasks: Record<string, unknown> = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8")).tasks;

interface CommandLine {
  readonly place: string;
  readonly words: readonly string[];
}

/** The commands in blocks of shell, and in prose where a line of code begins with one. */
function commandLines(document: string, text: string): CommandLine[] {
  const blocks = codeBlocks(document, text).filter(({ language }) => ["sh", "bash", "console"].includes(language));
  const lines = blocks.flatMap(({ code, line }) =>
    code.split("\n").map((text, i) => ({ place: `${document}:${line + i}`, text }))
  );
  const spans = [...text.matchAll(/`((?:streamrack|deno task) [^`\n]+)`/g)].map(({ 1: code = "", index }) => ({
    place: `${document}:${text.slice(0, index).split("\n").length}`,
    text: code,
  }));
  return [...lines, ...spans].flatMap(({ place, text }) =>
    text.replace(/^\$ /, "").replace(/ #.*$/, "").split(" | ")
      .map((command) => ({ place, words: command.trim().split(/\s+/) }))
  );
}

/** Says what a `streamrack` command line names that the command does not have. */
function findUnknown(words: readonly string[], root: Command): string | undefined {
  let command = root;
  for (const word of words) {
    if (word.startsWith("<") || word === "…") continue;
    if (word.startsWith("-") && word !== "-") {
      const [name] = word.split("=");
      const known = command.options.some(({ short, long }) => short === name || long === name) ||
        ["-h", "--help"].includes(name as string);
      if (!known) return `${command.name()} has no option ${name}`;
    } else if (command.commands.length > 0) {
      const next = command.commands.find((candidate) => candidate.name() === word);
      if (next === undefined) return `${command.name()} has no command ${word}`;
      command = next;
    }
  }
  return undefined;
}

describe("the command lines in the documents", () => {
  for (const [document, text] of texts) {
    const lines = commandLines(document, text);
    const calls = lines.flatMap(({ place, words }) => {
      const at = words.findIndex((word) => word === "streamrack");
      const isCall = at === 0 || (at > 1 && words[at - 1] === "task");
      return isCall && words[at + 1] !== undefined ? [{ place, words: words.slice(at + 1) }] : [];
    });
    if (calls.length > 0) {
      it(`name commands and options that there are: ${document}`, () => {
        const program = buildProgram();
        for (const { place, words } of calls) assert.equal(findUnknown(words, program), undefined, place);
      });
    }
    const named = lines.flatMap(({ place, words }) => {
      const at = words.indexOf("task");
      return at > 0 && /^deno(@|$)/.test(words[at - 1] as string) ? [{ place, task: words[at + 1] as string }] : [];
    });
    if (named.length > 0) {
      it(`name tasks that there are: ${document}`, () => {
        for (const { place, task } of named) assert.ok(Object.hasOwn(tasks, task), `${place}: ${task}`);
      });
    }
  }
});

describe("the links in the documents", () => {
  for (const [document, text] of texts) {
    const links = localLinks(text);
    if (links.length === 0) continue;
    it(`lead to what is there: ${document}`, async () => {
      for (const { line, path, anchor } of links) {
        const target = path === "" ? document : posix.join(dirname(document), path);
        const found = target.endsWith("/")
          ? (await findFiles(target, () => true)).length > 0
          : texts.has(target) || await readFile(join(ROOT, target)).then(() => true, () => false);
        assert.ok(found, `${document}:${line}: there is no ${target}`);
        if (anchor === undefined) continue;
        assert.ok(anchors(texts.get(target) ?? "").has(anchor), `${document}:${line}: ${target} has no #${anchor}`);
      }
    });
  }
});
