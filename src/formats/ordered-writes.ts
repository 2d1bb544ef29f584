/** Items that are made ahead, several at a time, and written one after the other in the order they were pushed. */
export interface OrderedWrites<T> {
  /** Resolves when there is room for another; rejects with the first failure of making or writing. */
  push(making: Promise<T>): Promise<void>;
  /** Writes the rest. */
  drain(): Promise<void>;
}

/**
 * At most `ahead` items are being made while the next one is awaited: compression runs on the platform's threads, and
 * the memory stays bounded.
 */
export function orderedWrites<T>(ahead: number, write: (item: T) => Promise<void>): OrderedWrites<T> {
  const making: Promise<T>[] = [];
  const writeFirst = async (): Promise<void> => write(await making.splice(0, 1)[0]);
  return {
    async push(next) {
      // Awaited in its turn; until then a failure must not count as unhandled.
      next.catch(() => undefined);
      making.push(next);
      if (making.length >= ahead) await writeFirst();
    },
    async drain() {
      while (making.length > 0) await writeFirst();
    },
  };
}
