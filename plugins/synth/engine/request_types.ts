/**
 * The requests that the nodes of this plugin take, as types.
 *
 * @module
 */

import type { KeyName, ScaleName } from "../policy/music.ts";
import type { Role } from "../preset/roles.ts";

/** What to generate. Everything but the prompt has a default. */
export interface GenerateRequest {
  /** What it should sound like, such as `"warm analog pad"`. May be empty if there is a role. */
  readonly prompt: string;
  /** What it is for: decides what is played and how it is mixed. Default: that of the best preset. */
  readonly role?: Role | undefined;
  /** Takes this preset, whatever the prompt. */
  readonly presetId?: string | undefined;
  /** Quarter notes per minute, 20 to 400. Default: 120. */
  readonly tempo?: number | undefined;
  /** Tonic. Default: `"C"`. */
  readonly key?: KeyName | undefined;
  /** Default: `"major"`. */
  readonly scale?: ScaleName | undefined;
  /** Length in seconds, 0.01 to 86 400. Default: that of the phrase of the role, at most 30. */
  readonly durationS?: number | undefined;
  /** In hertz, 8000 to 192 000. Default: 44 100. */
  readonly sampleRate?: number | undefined;
  /** 1 or 2. Default: 2. */
  readonly channels?: 1 | 2 | undefined;
  /** The same seed gives the same samples: 0 to 4 294 967 295. Default: 1. */
  readonly seed?: number | undefined;
  /** Most of one processor that playing it in real time may take, 0.001 to 1. Default: 0.8. */
  readonly maxCpu?: number | undefined;
  /** Most time from an event to its sound in real time, in milliseconds, 3 to 1000. Default: 10. */
  readonly maxLatencyMs?: number | undefined;
  /** Frames in a block of the answer, from 64. Default: 16 384. */
  readonly blockFrames?: number | undefined;
}

/** A note to be played. */
export interface PlayedNote {
  /** MIDI number, or a name such as `"A4"`. */
  readonly note: number | string;
  /** When it begins, in seconds. Default: 0. */
  readonly startS?: number | undefined;
  /** How long it is held, in seconds. Default: 1. */
  readonly durationS?: number | undefined;
  /** How hard it is struck, 0.01 to 1. Default: 0.8. */
  readonly velocity?: number | undefined;
}

/** How a preset is played. Everything but the preset has a default. */
export interface PresetRequest extends Omit<GenerateRequest, "prompt" | "role" | "presetId"> {
  /** A preset, or the id of one of ours. */
  readonly preset: unknown;
  /** Length in seconds, 0.01 to 86 400. Default: 2. */
  readonly durationS?: number | undefined;
  /** What is played. Default: as `play` says. */
  readonly notes?: readonly PlayedNote[] | undefined;
  /** `"note"` holds the first chord of its role for three quarters of the time, `"phrase"` plays all of it. Default: `"note"`. */
  readonly play?: "note" | "phrase" | undefined;
}

/** What every request has after its defaults are filled in. */
interface FullCommon {
  /** Quarter notes per minute. */
  readonly tempo: number;
  readonly key: KeyName;
  readonly scale: ScaleName;
  /** In hertz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Of everything random. */
  readonly seed: number;
  /** Share of one processor. */
  readonly maxCpu: number;
  /** In milliseconds. */
  readonly maxLatencyMs: number;
  /** Frames in a block. */
  readonly blockFrames: number;
}

/** A request by prompt, with defaults filled in. */
export interface FullGenerateRequest extends FullCommon {
  readonly prompt: string;
  readonly role?: Role | undefined;
  readonly presetId?: string | undefined;
  /** See {@linkcode GenerateRequest}. */
  readonly durationS?: number | undefined;
}

/** A request by preset, with defaults filled in. */
export interface FullPresetRequest extends FullCommon {
  readonly preset: unknown;
  /** Length in seconds. */
  readonly durationS: number;
  readonly notes?: readonly Required<PlayedNote>[] | undefined;
  readonly play?: "note" | "phrase" | undefined;
}

/** A question to the engine or its library. */
export type QueryRequest =
  | { readonly query: "status" }
  | { readonly query: "list"; readonly role?: Role | undefined }
  | { readonly query: "load"; readonly presetId: string }
  | { readonly query: "check"; readonly preset: unknown; readonly tempo?: number | undefined }
  | { readonly query: "warm"; readonly graphs: readonly unknown[] }
  | {
    readonly query: "search";
    readonly prompt: string;
    readonly role?: Role | undefined;
    /** Most results, 1 to 1000. Default: 10. */
    readonly limit?: number | undefined;
  };

/** A question with defaults filled in. */
export type FullQueryRequest =
  | Exclude<QueryRequest, { readonly query: "check" | "search" }>
  | { readonly query: "check"; readonly preset: unknown; readonly tempo: number }
  | {
    readonly query: "search";
    readonly prompt: string;
    readonly role?: Role | undefined;
    /** Most results. */
    readonly limit: number;
  };

/** What {@linkcode GraphCommand}s are played on: a graph, a preset, or the id of one of ours. */
export type GraphSound = unknown;

/** When a command happens: a frame, counted from 0. One that has passed is now. Default: now. */
interface AtFrame {
  /** Counted from 0. Default: now. */
  readonly frame?: number | undefined;
}

/** A command to `synth.graph`: notes, changes, and how much to render. */
export type GraphCommand =
  | AtFrame & {
    readonly op: "note-on";
    /** MIDI number, 0 to 127. */
    readonly note: number;
    /** How hard it is struck, 0.01 to 1. Default: 0.8. */
    readonly velocity?: number | undefined;
  }
  | AtFrame & {
    readonly op: "note-off";
    /** MIDI number, 0 to 127. */
    readonly note: number;
  }
  | AtFrame & {
    readonly op: "set";
    /** Id of a node of the graph. */
    readonly node: string;
    /** One of its numbers. */
    readonly param: string;
    /** In the unit of that number. */
    readonly value: number;
  }
  | {
    readonly op: "render";
    /** How many, from 1. Default: 1. */
    readonly blocks?: number | undefined;
  }
  | { readonly op: "status" };

/** A command with defaults filled in. */
export type FullGraphCommand =
  | AtFrame & { readonly op: "note-on"; readonly note: number; readonly velocity: number }
  | Extract<GraphCommand, { readonly op: "note-off" | "set" | "status" }>
  | { readonly op: "render"; readonly blocks: number };
