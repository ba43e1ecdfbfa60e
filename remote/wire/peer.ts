/**
 * What one side of a connection knows of the other.
 *
 * @module
 */

/** Header by which a client says what it is. */
export const CLIENT_HEADER = "x-client";
/** What our own client says there; its version follows after a slash. */
export const OUR_CLIENT = "streamrack";

/** What a peer understands beyond the protocol. */
export interface Peer {
  /**
   * Whether it is one of ours. Those keep the format of samples (the protocol
   * turns all into floats) and the timestamps of values, for which the
   * protocol has no field; they travel in the metadata of a DataBuffer.
   */
  readonly isOurs: boolean;
}

/** Keys of the metadata of a DataBuffer that we give a meaning. */
export const METADATA_KEYS = {
  timestampUs: "timestamp_us",
  /** All metadata as one JSON text, where some of it is not text. */
  json: "metadata_json",
  textChannel: "channel",
  schemaType: "schema_type",
} as const;
