/** The way of a request's body onto the disk. */
import type { Segment } from './contents.ts';
import type { Payload, PayloadFacts } from './payload.ts';
import type { Store } from './store.ts';

export interface ReceivedBody extends PayloadFacts {
  /** The segments of the body; none for an empty body. */
  readonly segments: readonly Segment[];
}

/**
 * Writes the body.
 * @throws what the payload throws; nothing is kept then
 */
export async function receiveBody({ bodies }: Store, payload: Payload): Promise<ReceivedBody> {
  const body = await bodies.write(payload.bytes);
  const facts = await payload.facts;
  if (facts.sizeBytes > 0) return { ...facts, segments: [{ body, bodyOffset: 0, bytes: facts.sizeBytes }] };
  await bodies.remove(body);
  return { ...facts, segments: [] };
}
