/**
 * The models of this thread: each is loaded once, and shared by all who use it.
 *
 * @module
 */

import { orAbort } from "./or_abort.ts";

/** A use of a model. It stays loaded until every use has ended. */
export interface ModelLease<Model> {
  readonly model: Model;
  /** Ends the use. The last one unloads the model. */
  release(): Promise<void>;
}

/** How a model is loaded and unloaded. */
export interface ModelLoader<Model> {
  /** Loads the model. The signal aborts when nobody waits for it any more. */
  load(signal: AbortSignal, onProgress: (percent: number) => void): Model | Promise<Model>;
  /** Frees it. */
  unload?(model: Model): void | Promise<void>;
}

interface Entry {
  readonly model: Promise<unknown>;
  readonly abort: AbortController;
  readonly listeners: Set<(percent: number) => void>;
  uses: number;
}

const NO_PROGRESS = () => {};

/** Models by key. Keys of one loader must not be used with another. */
export class ModelStore {
  readonly #entries = new Map<string, Entry>();
  /** Settles when the model of a key is gone: one that takes all memory must not be there twice. */
  readonly #leaving = new Map<string, Promise<void>>();

  /** How many models are loaded, or being loaded. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Loads a model, or shares the one that is there. A failed load is tried
   * again by the next caller. When all who wait have gone, loading is aborted.
   */
  async acquire<Model>(
    key: string,
    loader: ModelLoader<Model>,
    signal: AbortSignal,
    onProgress: (percent: number) => void = NO_PROGRESS,
  ): Promise<ModelLease<Model>> {
    signal.throwIfAborted();
    const entry = this.#entries.get(key) ?? this.#begin(key, loader);
    entry.uses += 1;
    entry.listeners.add(onProgress);
    try {
      const model = await orAbort(entry.model as Promise<Model>, signal);
      return { model, release: once(() => this.#release(key, entry, loader)) };
    } catch (thrown) {
      await this.#release(key, entry, loader);
      throw thrown;
    } finally {
      entry.listeners.delete(onProgress);
    }
  }

  #begin<Model>(key: string, loader: ModelLoader<Model>): Entry {
    const abort = new AbortController();
    const listeners = new Set<(percent: number) => void>();
    const leaving = this.#leaving.get(key);
    const model = (async () => {
      await leaving;
      abort.signal.throwIfAborted();
      return await loader.load(abort.signal, (percent) => {
        for (const listener of listeners) listener(percent);
      });
    })();
    const entry: Entry = { model, abort, listeners, uses: 0 };
    this.#entries.set(key, entry);
    model.catch(() => this.#forget(key, entry));
    return entry;
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  async #release<Model>(key: string, entry: Entry, loader: ModelLoader<Model>): Promise<void> {
    entry.uses -= 1;
    if (entry.uses > 0) return;
    this.#forget(key, entry);
    entry.abort.abort(new Error("nobody waits for the model any more"));
    const unloading = (async () => {
      const model = await (entry.model as Promise<Model>).then((model) => ({ model }), () => undefined);
      if (model !== undefined) await loader.unload?.(model.model);
    })();
    const gone = unloading.catch(() => {}).finally(() => {
      if (this.#leaving.get(key) === gone) this.#leaving.delete(key);
    });
    this.#leaving.set(key, gone);
    await unloading;
  }
}

function once(call: () => Promise<void>): () => Promise<void> {
  let called: Promise<void> | undefined;
  return () => called ??= call();
}
