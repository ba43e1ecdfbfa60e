/**
 * The service, as its owner sees it.
 *
 * @module
 */

/** A service that listens. Made by `createService`. */
export interface Service {
  /** Where it listens; the port is the one that was taken if it was 0. */
  readonly address: {
    readonly host: string;
    /** 1 to 65535. */
    readonly port: number;
  };
  /** Where it gives metrics over HTTP, if it does. */
  readonly metricsAddress: {
    readonly host: string;
    /** 1 to 65535. */
    readonly port: number;
  } | undefined;
  /** Whether it takes calls: false from the beginning of `close` on. */
  readonly isServing: boolean;

  /** What was counted since it started, in the text form of Prometheus. */
  renderMetrics(): Promise<{ readonly contentType: string; readonly text: string }>;

  /**
   * Stops: takes no more calls, lets those that run end, then cuts off the
   * rest. The runtime stays open. May be repeated.
   *
   * @param options.drainTimeoutMs How long calls may take to end by themselves, in milliseconds. Default: 0.
   */
  close(options?: { readonly drainTimeoutMs?: number }): Promise<void>;

  /** The same as {@linkcode Service.close} without a drain. */
  [Symbol.asyncDispose](): Promise<void>;
}
