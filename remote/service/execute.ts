/**
 * ExecutePipeline: a manifest runs once, with all inputs in the request and
 * all outputs in the answer.
 *
 * @module
 */

import { status } from "@grpc/grpc-js";
import { RuntimeData, StreamrackError } from "../../core/plugin.ts";
import type { Manifest, Session, SessionOutput } from "../../mod.ts";
import { codec003 } from "../wire/codec_003.ts";
import { codec004 } from "../wire/codec_004.ts";
import { toWireError } from "../wire/error_type.ts";
import { readUsualExecute } from "../wire/execute_request.ts";
import { generationOfExecuteRequest } from "../wire/generation.ts";
import { readManifest } from "../wire/manifest.ts";
import type { Codec, ExecuteCall } from "../wire/messages.ts";
import type { Place } from "./admission.ts";
import { CallStatus, noPlaceStatus } from "./call_status.ts";
import type { Caller, ServiceContext } from "./context.ts";
import { joinValues } from "./join_values.ts";
import { exceeded, limitRequest, Usage } from "./request_limits.ts";
import type { Stop } from "./stop.ts";
import { toWireMetrics } from "./wire_metrics.ts";

/** Why a run is stopped whose caller has gone. */
export const CALLER_GONE = "the caller has gone";

/**
 * Answers one call.
 *
 * @param stop Called with {@linkcode CALLER_GONE} when the caller has gone.
 * @throws {CallStatus} Where the protocol has a status rather than an answer.
 */
export async function executePipeline(
  context: ServiceContext,
  request: Uint8Array,
  { caller, stop }: { readonly caller: Caller; readonly stop: Stop },
): Promise<Uint8Array> {
  const { admission, metrics, settings } = context;
  const usual = readUsualExecute(request, caller);
  const generation = usual !== undefined ? "004" : generationOfExecuteRequest(request) ?? caller.usualGeneration;
  const codec = generation === "003" ? codec003 : codec004;
  const call = usual ?? readCall(codec, request, caller);
  const place = admission.enter(request.length);
  if (typeof place === "string") {
    metrics.refused.inc({ because: place });
    throw noPlaceStatus(place);
  }
  metrics.executions.inc();
  let manifest: Manifest | undefined;
  try {
    manifest = readManifest(call.manifest as NonNullable<typeof call.manifest>);
    const answer = await run(context, manifest, { call, codec, caller, stop, place });
    if (answer.length <= settings.limits.maxMessageBytes) return answer;
    throw exceeded("the message", `${answer.length} bytes of outputs`, `at most ${settings.limits.maxMessageBytes}`);
  } catch (thrown) {
    if (stop.reason === CALLER_GONE) throw new CallStatus(status.CANCELLED, CALLER_GONE);
    const error = toWireError(thrown, { generation, manifest });
    metrics.errors.inc({ error_type: error.errorType });
    settings.onLog({
      level: "warn",
      event: "execution-failed",
      peer: caller.gate?.peer,
      errorType: error.errorType,
      nodeId: error.failingNodeId,
      message: error.message,
    });
    return codec.writeError(error);
  } finally {
    metrics.executions.dec();
    place.leave();
  }
}

function readCall(codec: Codec, request: Uint8Array, caller: Caller): ExecuteCall {
  let call: ExecuteCall;
  try {
    call = codec.readExecute(request, caller);
  } catch {
    throw new CallStatus(status.INVALID_ARGUMENT, "this is no ExecuteRequest");
  }
  if (call.manifest === undefined) throw new CallStatus(status.INVALID_ARGUMENT, "the manifest is missing");
  return call;
}

interface Run {
  readonly call: ExecuteCall;
  readonly codec: Codec;
  readonly caller: Caller;
  readonly stop: Stop;
  readonly place: Place;
}

async function run(context: ServiceContext, manifest: Manifest, run: Run): Promise<Uint8Array> {
  const { settings, warm, metrics } = context;
  const { call, codec, caller, stop, place } = run;
  const startedMs = performance.now();
  const limits = limitRequest(call.limits, settings.limits, { timeoutMs: settings.limits.maxExecutionMs });
  const usage = new Usage(limits);
  const kinds = new Map<string, number>();
  const inputs = call.inputs.map(({ nodeId, read }) => {
    const data = at(nodeId, read);
    usage.add(data, { countsSamples: true });
    kinds.set(data.type, (kinds.get(data.type) ?? 0) + 1);
    if (data.type === "audio") metrics.audioSamples.inc(data.samples.length);
    return { nodeId, data };
  });
  const readMs = performance.now() - startedMs;

  const timer = setTimeout(() => {
    stop.call(exceeded("max_timeout_ms", `over ${limits.timeoutMs} ms`, `at most ${limits.timeoutMs} ms`));
  }, limits.timeoutMs);
  try {
    const session = warm.take(manifest) ?? await open(context, manifest, stop);
    stop.onStop = (reason) => void session.cancel(reason);
    const onOutput = (data: RuntimeData) => {
      usage.add(data, { countsSamples: false });
      place.addBytes(RuntimeData.byteLength(data));
      if (codec.canWrite(data)) return;
      throw new StreamrackError("invalid-data", `clients of this generation cannot take ${data.type} data`);
    };
    const items = await exchange(session, inputs, onOutput);
    const outputs = [...new Set(items.map(({ nodeId }) => nodeId))].map((nodeId) => {
      const values = items.flatMap((item) => item.nodeId === nodeId ? [item.data] : []);
      return [nodeId, joinValues(nodeId, values)] as const;
    });
    const counted = await session.metrics();
    warm.replenish(manifest);
    const wallTimeMs = performance.now() - startedMs;
    const facts = { wallTimeMs, peakBytes: usage.bytes, serializationTimeMs: readMs, kinds };
    return codec.writeResult(outputs, toWireMetrics(counted, facts), caller);
  } catch (thrown) {
    throw stop.isCalled ? stop.reason : thrown;
  } finally {
    clearTimeout(timer);
    // The library says that the caller has gone after every call.
    stop.onStop = () => {};
  }
}

/** Opens a session for a run that has no warm one. */
async function open({ runtime }: ServiceContext, manifest: Manifest, stop: Stop): Promise<Session> {
  const controller = new AbortController();
  stop.onStop = (reason) => controller.abort(reason);
  // A copy: the same manifest is given to every run, and what one does to its own must not be seen by another.
  return await runtime.open(structuredClone(manifest), { signal: controller.signal });
}

/** Sends all inputs and gathers all outputs, at the same time. Leaves no session behind. */
async function exchange(
  session: Session,
  inputs: readonly { readonly nodeId: string; readonly data: RuntimeData }[],
  onOutput: (data: RuntimeData) => void,
): Promise<SessionOutput[]> {
  let inputFailure: unknown;
  const feeding = (async () => {
    for (const { nodeId, data } of inputs) await session.send(data, { to: nodeId });
    await session.finish();
  })().catch(async (thrown) => {
    inputFailure = thrown;
    await session.cancel(thrown);
  });
  const items: SessionOutput[] = [];
  try {
    for await (const item of session) {
      onOutput(item.data);
      items.push(item);
    }
    return items;
  } catch (thrown) {
    await session.cancel(thrown);
    // When the inputs were at fault, the session only says that it was cancelled.
    await feeding;
    throw StreamrackError.is(thrown) && thrown.reason === "session-cancelled" ? inputFailure ?? thrown : thrown;
  }
}

/** Adds the node to what is wrong with its input. */
function at(nodeId: string, read: () => RuntimeData): RuntimeData {
  try {
    return read();
  } catch (thrown) {
    throw inputError(nodeId, thrown);
  }
}

/** The same error with the node that the input was for. */
export function inputError(nodeId: string, thrown: unknown): StreamrackError {
  const { code, reason, detail, problems, remedy, retryable } = StreamrackError.from(thrown);
  return new StreamrackError(reason, detail, { code, problems, remedy, retryable, nodeId, cause: thrown });
}
