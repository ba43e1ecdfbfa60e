import { AudioSegment, FILE_FORMATS, type FileFormat } from "../../audio/mod.ts";
import { fixtureBytes, FIXTURES } from "./_fixtures.ts";

/** A file of each format to be damaged: of another program, where there is one. */
export async function fuzzFiles(): Promise<Readonly<Record<FileFormat, Uint8Array>>> {
  const entries = FILE_FORMATS.map(async (format) => {
    const fixture = FIXTURES.find((each) => each.format === format);
    return [format, fixture === undefined ? await ownWav() : await fixtureBytes(fixture.name)] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<FileFormat, Uint8Array>;
}

function ownWav(): Promise<Uint8Array> {
  const samples = Int16Array.from({ length: 8000 }, (_, i) => 20_000 * Math.sin(i * i / 9000));
  return AudioSegment.fromSamples(samples, { sampleRate: 16_000, channels: 2 }).toBytes({ format: "wav" });
}
