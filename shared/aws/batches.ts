/** Sends many items in requests that each take a limited number of them. */

export interface BatchLimits {
  /** The most items of one request. */
  readonly items: number;
  /** The most requests under way at once. */
  readonly requestsAtOnce: number;
}

/** Sends all items. Memory does not grow with their number. Throws the first failure of a request. */
export async function inBatches<Item>(
  all: Iterable<Item> | AsyncIterable<Item>,
  { items, requestsAtOnce }: BatchLimits,
  send: (batch: readonly Item[]) => Promise<void>,
): Promise<void> {
  let wave: Item[][] = [[]];
  for await (const item of all) {
    if (wave.at(-1)?.length === items) {
      if (wave.length === requestsAtOnce) {
        await Promise.all(wave.map(send));
        wave = [];
      }
      wave.push([]);
    }
    wave.at(-1)?.push(item);
  }
  await Promise.all(wave.filter((batch) => batch.length > 0).map(send));
}
