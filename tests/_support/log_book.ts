/** Keeps what is logged, and tells whoever waits for it. */
export class LogBook<Entry> {
  readonly entries: Entry[] = [];
  readonly #looks = new Set<() => void>();

  /** To be given as `onLog`. */
  readonly onLog = (entry: Entry): void => {
    this.entries.push(entry);
    for (const look of this.#looks) look();
  };

  /** Resolves with the entries that fit as soon as there are so many of them. */
  async until(fits: (entry: Entry) => boolean, count = 1): Promise<Entry[]> {
    return await new Promise((resolve) => {
      const look = () => {
        const found = this.entries.filter(fits);
        if (found.length < count) return;
        this.#looks.delete(look);
        resolve(found);
      };
      this.#looks.add(look);
      look();
    });
  }
}
