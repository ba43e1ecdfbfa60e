/** Tickets: files that tell a node in a new thread what the one before has done. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a test with a folder for tickets; gives beginnings of paths in it, a new one each time. */
export async function withTickets<T>(use: (next: () => string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "streamrack-tickets-"));
  let count = 0;
  try {
    return await use(() => join(folder, String(count++)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
