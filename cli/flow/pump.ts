/**
 * Runs a session between its inputs and its outputs.
 *
 * @module
 */

import type { RuntimeData } from "../../core/plugin.ts";
import type { Session, SessionOutput } from "../../mod.ts";
import type { SessionPort } from "./bindings.ts";
import type { Input } from "./inputs.ts";

/** An input and the port that it feeds. */
export interface Feed {
  readonly port: SessionPort;
  readonly input: Input;
}

/** Where values are seen on their way. */
export interface PumpHooks {
  /** Before a value is sent: afterwards it belongs to the pipeline. */
  onSend?(data: RuntimeData, feed: Feed): void;
  /** For each output. The session waits for it: a slow destination slows the pipeline down. */
  onOutput(output: SessionOutput): Promise<void>;
}

/**
 * Sends every input, takes every output, and ends when both are through or
 * one has failed: then the session is cancelled, and the first failure thrown.
 */
export async function pump(
  session: Session,
  feeds: readonly Feed[],
  hooks: PumpHooks,
  signal: AbortSignal,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  let abandonOutput: ((error: unknown) => void) | undefined;
  const stop = (error: unknown) => {
    if (failure !== undefined) return;
    failure = { error };
    abandonOutput?.(error);
    session.cancel(error).catch(() => {});
    for (const { input } of feeds) input.close().catch(() => {});
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();

  const send = async (feed: Feed) => {
    const { port: { nodeId, port }, input } = feed;
    for await (const data of input.values) {
      hooks.onSend?.(data, feed);
      await session.send(data, { to: nodeId, port });
    }
  };
  const sendAll = async () => {
    await Promise.all(feeds.map(send));
    await session.finish();
  };
  // A destination may take nothing for hours. It is not waited for once the run has failed: a promise for each
  // output, none that lives as long as the session.
  const deliver = (output: SessionOutput) =>
    new Promise<void>((resolve, reject) => {
      abandonOutput = reject;
      hooks.onOutput(output).then(resolve, reject);
    });
  const receive = async (output: SessionOutput) => {
    try {
      await deliver(output);
    } catch (error) {
      // Said before the loop is left: leaving it cancels the session, which would look like the first failure.
      stop(error);
      throw error;
    }
  };
  const receiveAll = async () => {
    for await (const output of session) await receive(output);
  };
  await Promise.all([sendAll().catch(stop), receiveAll().catch(stop)]);
  signal.removeEventListener("abort", onAbort);
  if (failure !== undefined) throw failure.error;
}
