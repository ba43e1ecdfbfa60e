/**
 * What travels over the port between a {@linkcode ChannelManager} and another
 * thread. No behaviour.
 *
 * @module
 */

import type { ErrorEnvelope } from "../error_envelope.ts";
import type { ChannelOptions } from "./channel_manager.ts";
import type { ChannelValue } from "./channel_value.ts";
import type { SubscriberPolicy } from "./subscription.ts";

/** To the manager. */
export type ToManager =
  | { readonly t: "create"; readonly id: number; readonly name: string; readonly options: ChannelOptions }
  | { readonly t: "publish"; readonly id: number; readonly name: string; readonly value: ChannelValue }
  | { readonly t: "close"; readonly id: number; readonly name: string | undefined }
  /** The publisher waits no longer. */
  | { readonly t: "abort"; readonly id: number }
  | {
    readonly t: "subscribe";
    readonly sub: number;
    readonly name: string;
    readonly subscriberId: string | undefined;
    readonly policy: SubscriberPolicy;
    readonly capacity: number;
  }
  /** One more value may come: one was read. */
  | { readonly t: "credit"; readonly sub: number }
  | { readonly t: "leave"; readonly sub: number }
  /** This end is done: the other closes the port. */
  | { readonly t: "bye" };

/** From the manager. */
export type FromManager =
  | { readonly t: "reply"; readonly id: number; readonly error?: ErrorEnvelope | undefined }
  | { readonly t: "value"; readonly sub: number; readonly value: ChannelValue; readonly dropped: number }
  | { readonly t: "end"; readonly sub: number; readonly error?: ErrorEnvelope | undefined }
  | { readonly t: "bye" };

/** Most calls of one connection that may wait for their answers at a time. */
export const CALLS_MAX = 4_096;

/** Most subscriptions of one connection at a time. */
export const SUBSCRIPTIONS_MAX = 1_024;

/** Values of one subscription that may be on their way between the threads. */
export const WINDOW_ITEMS = 4;
