/**
 * What the handlers of one service share.
 *
 * @module
 */

import type { Metadata } from "@grpc/grpc-js";
import type { Runtime } from "../../mod.ts";
import type { Generation } from "../wire/generation.ts";
import { CLIENT_HEADER, OUR_CLIENT, type Peer } from "../wire/peer.ts";
import type { Admission } from "./admission.ts";
import { type Gate, type GateCall, textOf } from "./gate.ts";
import type { ServiceMetrics } from "./metrics.ts";
import type { ServiceSettings } from "./options.ts";
import type { WarmSessions } from "./warm_sessions.ts";

/** What the handlers of one service share. */
export interface ServiceContext {
  readonly runtime: Runtime;
  readonly settings: ServiceSettings;
  readonly metrics: ServiceMetrics;
  readonly admission: Admission;
  readonly warm: WarmSessions;
  readonly gate: Gate;
}

/** What the headers of a call say of the caller. */
export interface Caller extends Peer {
  readonly gate: GateCall | undefined;
  /** The generation that is taken where messages do not tell. */
  readonly usualGeneration: Generation;
}

/** Reads the headers of a call. */
export function readCaller(metadata: Metadata, gate: Gate): Caller {
  const client = textOf(metadata, CLIENT_HEADER) ?? "";
  return {
    gate: gate.callOf(metadata),
    isOurs: client === OUR_CLIENT || client.startsWith(`${OUR_CLIENT}/`),
    // Only the client of the first generation says this.
    usualGeneration: client === "python" ? "003" : "004",
  };
}
