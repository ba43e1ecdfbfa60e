/**
 * The end of a stream into which the client still sends.
 *
 * @module
 */

/** How long a client is heard out, in milliseconds. */
const HEAR_OUT_MS = 1_000;

/**
 * Drops what the client still sends, until it ends its side, or for a while.
 * A client on Deno 2.9 that writes into a call which has ended loses what was
 * sent to it last: the error that says why.
 */
export async function hearOut(messages: AsyncIterator<unknown>): Promise<void> {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, HEAR_OUT_MS);
  });
  const heard = (async () => {
    for (let next = await messages.next(); next.done !== true && !isOver; next = await messages.next());
  })();
  await Promise.race([heard.catch(() => {}), over]);
  isOver = true;
  clearTimeout(timer);
}
