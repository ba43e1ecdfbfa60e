/**
 * What notices that a stream stands still.
 *
 * @module
 */

/** Calls back once nothing has moved for a while. */
export class IdleWatch {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #movedMs = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
    this.#arm(timeoutMs);
  }

  /** Something moved. Cheap: the timer is not touched. */
  touch(): void {
    this.#movedMs = performance.now();
  }

  /** Watches no longer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => {
      const leftMs = this.#timeoutMs - (performance.now() - this.#movedMs);
      if (leftMs <= 0) this.#onIdle();
      else this.#arm(Math.ceil(leftMs));
    }, delayMs);
  }
}

/** How {@linkcode within} watches. */
export interface StallOptions {
  readonly timeoutMs: number;
  /** Counts up as the pipeline gives something; then it does not stand still. */
  readonly progress: () => number;
  /** Whether it is the peer that holds things up, which is not the pipeline's fault. */
  readonly isHeldUp: () => boolean;
  readonly onStall: () => void;
}

/** Waits for work of the pipeline, and calls back if it stands still meanwhile. */
export async function within<T>(work: Promise<T>, options: StallOptions): Promise<T> {
  const { timeoutMs, progress, isHeldUp, onStall } = options;
  let seen = progress();
  const timer = setInterval(() => {
    if (progress() === seen && !isHeldUp()) onStall();
    seen = progress();
  }, timeoutMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
