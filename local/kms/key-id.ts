/**
 * Key ids. They look as random as AWS's, but are the same on every fresh start, because they count an account's
 * keys. A file can therefore name the first key of an account before the key exists.
 */
import { createHash } from 'node:crypto';
import type { Store } from './store.ts';

interface KeyPlace {
  readonly accountId: string;
  readonly region: string;
  readonly multiRegion: boolean;
}

/**
 * Returns the id of the account's next key in the Region: a UUID, or `mrk-` and 32 hex digits for a multi-Region
 * key.
 */
export function nextKeyId(
  { keysMade }: Pick<Store, 'keysMade'>,
  { accountId, region, multiRegion }: KeyPlace,
): string {
  const maker = `${accountId}/${region}`;
  const number = (keysMade.get(maker) ?? 0) + 1;
  keysMade.set(maker, number);
  const hex = createHash('sha256').update(`${maker}/${number}`).digest('hex').slice(0, 32);
  return multiRegion ? `mrk-${hex}` : uuid(hex);
}

/** Formats a UUID with version 4 and its variant, as RFC 9562 defines them. */
function uuid(hex: string): string {
  const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/.exec(hex) ?? [];
  return `${a}-${b}-4${c}-8${d}-${e}`;
}
