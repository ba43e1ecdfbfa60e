/**
 * RuntimeData: one typed value on its way through a pipeline.
 *
 * Every kind is a plain object, told apart by `type`, because prototypes do
 * not cross threads.
 *
 * @module
 */

/** A value that JSON can express. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Free information beside a value. Nodes that do not know a key hand it on. */
export type Metadata = { readonly [key: string]: JsonValue };

/** What every kind may carry. */
export interface DataCommon {
  /** Position of the value's first sample, frame or character on the stream's own clock, in microseconds. */
  readonly timestampUs?: number | undefined;
  readonly metadata?: Metadata | undefined;
}

/**
 * Sample format: `"f32"` is 32-bit float with full scale ±1, `"i16"` and
 * `"i32"` are signed integers with full scale 32768 and 2147483648.
 */
export type AudioFormat = "f32" | "i16" | "i32";

/** The typed array that holds samples of a format. */
export interface AudioSamples {
  f32: Float32Array;
  i16: Int16Array;
  i32: Int32Array;
}

/** The format of samples of a class. */
export type FormatOf<A> = A extends Float32Array ? "f32" : A extends Int16Array ? "i16" : A extends Int32Array ? "i32"
: never;

interface AudioOf<F extends AudioFormat> extends DataCommon {
  readonly type: "audio";
  /** Interleaved: sample 0 of every channel, then sample 1 of every channel, and so on. */
  readonly samples: AudioSamples[F];
  /** Frames per second, in hertz. More than 0, at most 768 000. */
  readonly sampleRate: number;
  /** 1 to 255. Divides `samples.length`. */
  readonly channels: number;
  readonly format: F;
}

/** A chunk of PCM audio. `format` decides the class of `samples`. */
export type AudioData = AudioOf<"f32"> | AudioOf<"i16"> | AudioOf<"i32">;
/** A chunk of PCM audio in one given format, or in one of several. */
export type AudioDataOf<F extends AudioFormat> = F extends AudioFormat ? AudioOf<F> : never;

/** A piece of text. */
export interface TextData extends DataCommon {
  readonly type: "text";
  readonly text: string;
  /** BCP 47 tag, such as `"en"`. */
  readonly language?: string | undefined;
}

/** Any JSON value. */
export interface JsonData extends DataCommon {
  readonly type: "json";
  readonly value: JsonValue;
}

/** Bytes that the pipeline does not look into. */
export interface BinaryData extends DataCommon {
  readonly type: "binary";
  readonly bytes: Uint8Array;
  /** Media type, such as `"image/png"`. */
  readonly mimeType?: string | undefined;
}

/** The typed array that holds the elements of a dtype. `f16` is held as its 16 bits. */
export interface TensorElements {
  f16: Uint16Array;
  f32: Float32Array;
  f64: Float64Array;
  i8: Int8Array;
  u8: Uint8Array;
  i16: Int16Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
}

/** Element type of a tensor. */
export type TensorDtype = keyof TensorElements;

interface TensorOf<D extends TensorDtype> extends DataCommon {
  readonly type: "tensor";
  /** Elements in row-major order (the last dimension varies fastest). */
  readonly data: TensorElements[D];
  readonly dtype: D;
  /** Dimensions, outermost first. Their product is `data.length`; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Name of the order of dimensions, such as `"NCHW"`. */
  readonly layout?: string | undefined;
}

/** An n-dimensional array of numbers. `dtype` decides the class of `data`. */
export type TensorData = { [D in TensorDtype]: TensorOf<D> }[TensorDtype];
/** A tensor of one given dtype, or of one of several. */
export type TensorDataOf<D extends TensorDtype> = D extends TensorDtype ? TensorOf<D> : never;

/** The dtype that an array has when none is asked for: a Uint16Array is `"u16"`. */
export type DefaultDtype<A> = A extends Float32Array ? "f32"
  : A extends Float64Array ? "f64"
  : A extends Int8Array ? "i8"
  : A extends Uint8Array ? "u8"
  : A extends Int16Array ? "i16"
  : A extends Uint16Array ? "u16"
  : A extends Int32Array ? "i32"
  : A extends Uint32Array ? "u32"
  : A extends BigInt64Array ? "i64"
  : A extends BigUint64Array ? "u64"
  : never;

/** How the bytes of a video frame are laid out. `"encoded"` is one packet of a codec. */
export type PixelFormat = "rgb24" | "rgba32" | "gray8" | "yuv420p" | "i420" | "nv12" | "encoded";

/** One video frame. */
export interface VideoData extends DataCommon {
  readonly type: "video";
  /** Rows from top to bottom without padding; planar formats hold their planes one after the other. */
  readonly pixels: Uint8Array;
  /** In pixels, 1 to 16384. */
  readonly width: number;
  /** In pixels, 1 to 16384. */
  readonly height: number;
  readonly pixelFormat: PixelFormat;
  /** Counts from 0 in display order. */
  readonly frameNumber?: number | undefined;
  /** Set when `pixelFormat` is `"encoded"`. */
  readonly codec?: "vp8" | "h264" | "av1" | undefined;
  readonly isKeyframe?: boolean | undefined;
}

/** A reference to a file, not its contents. */
export interface FileData extends DataCommon {
  readonly type: "file";
  readonly path: string;
  readonly filename?: string | undefined;
  readonly mimeType?: string | undefined;
  /** Size of the whole file. */
  readonly sizeBytes?: number | undefined;
  /** Where the part that is meant begins. Absent: at 0. */
  readonly offsetBytes?: number | undefined;
  /** How long the part that is meant is. Absent: to the end. */
  readonly lengthBytes?: number | undefined;
}

/** A message about the stream, which travels in the stream. */
export type ControlMessage =
  | { readonly op: "cancel-speculation"; readonly fromTimestampUs: number; readonly toTimestampUs: number }
  | { readonly op: "batch-hint"; readonly batchSize: number }
  | { readonly op: "deadline-warning"; readonly deadlineUs: number };

/** A message about the stream: cancel speculative output, suggest a batch size, warn of a deadline. */
export interface ControlData extends DataCommon {
  readonly type: "control";
  readonly control: ControlMessage;
  readonly segmentId?: string | undefined;
}

/** One typed value on its way through a pipeline. */
export type RuntimeData =
  | AudioData
  | TextData
  | JsonData
  | BinaryData
  | TensorData
  | VideoData
  | FileData
  | ControlData;

/** The kinds of RuntimeData, as named by `type`. */
export type DataKind = RuntimeData["type"];

/** The RuntimeData of a kind. */
export type DataOf<K extends DataKind> = Extract<RuntimeData, { readonly type: K }>;

/** Every kind, in the order of the documentation. */
export const DATA_KINDS = [
  "audio",
  "text",
  "json",
  "binary",
  "tensor",
  "video",
  "file",
  "control",
] as const satisfies readonly DataKind[];
