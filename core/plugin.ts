/**
 * The entry for authors of plugins: `@streamrack/core/plugin`.
 *
 * It has no dependency and touches no runtime, so that a plugin which imports
 * it loads fast and works on Deno, Bun and Node alike.
 *
 * @module
 */

export { defineNode, definePlugin, PLUGIN_API_VERSION } from "./node/define.ts";
export type { AnyNodeDefinition, NodeDefinition, Plugin } from "./node/define.ts";
export type { PermissionKind, Permissions } from "./node/permissions.ts";
export { partial } from "./node/progress.ts";
export type { PartialOutput } from "./node/progress.ts";
export type {
  Alignment,
  ItemContext,
  NodeContext,
  NodeLog,
  NodeResult,
  NodeSource,
  PortKinds,
  Ports,
  ProcessInput,
  ProcessOutput,
  StreamingNode,
} from "./node/contract.ts";
export type { Progress } from "./node/progress.ts";
export type { StandardSchema } from "./node/standard_schema.ts";
export { RuntimeData } from "./data/runtime_data.ts";
export type { RuntimeDataCompanion } from "./data/runtime_data.ts";
export { convertFormat, durationUs, frameCount, fromPlanar, FULL_SCALE, toPlanar } from "./data/audio.ts";
export { deinterleave, interleave } from "./data/interleave.ts";
export type { SampleArray } from "./data/interleave.ts";
export { AudioStream } from "./data/audio_stream.ts";
export type {
  AudioStreamFields,
  AudioStreamFormat,
  AudioStreamInit,
  SamplesOptions,
  SampleTypes,
} from "./data/audio_stream.ts";
export { DATA_KINDS } from "./data/types.ts";
export type {
  AudioData,
  AudioDataOf,
  AudioFormat,
  AudioSamples,
  BinaryData,
  ControlData,
  ControlMessage,
  DataCommon,
  DataKind,
  DataOf,
  DefaultDtype,
  FileData,
  FormatOf,
  JsonData,
  JsonValue,
  Metadata,
  PixelFormat,
  TensorData,
  TensorDataOf,
  TensorDtype,
  TensorElements,
  TextData,
  VideoData,
} from "./data/types.ts";
export { ChannelManager } from "./channels/channel_manager.ts";
export type { ChannelHandle, ChannelInfo, ChannelOptions, Channels } from "./channels/channel_manager.ts";
export type { PublishOptions } from "./channels/channel.ts";
export type { ChannelKind, ChannelValue } from "./channels/channel_value.ts";
export type { SubscribeOptions, SubscriberPolicy, Subscription } from "./channels/subscription.ts";
export { serveChannels } from "./channels/serve_channels.ts";
export type { ChannelConnection } from "./channels/serve_channels.ts";
export { connectChannels } from "./channels/connect_channels.ts";
export type { RemoteChannels } from "./channels/connect_channels.ts";
export { VERSION } from "./version.ts";
export { StreamrackError } from "./errors.ts";
export type { ErrorCode, ErrorReason, Problem, StreamrackErrorOptions } from "./errors.ts";
