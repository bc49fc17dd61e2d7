/**
 * Key ids as random-looking as AWS's, and yet the same on every fresh start: they count an account's keys, so that a
 * file can name the first key of an account before there is one.
 */
import { createHash } from 'node:crypto';
import type { Store } from './store.ts';

/** The id of the account's next key in the Region: a UUID, or `mrk-` and 32 hex digits for a multi-Region key. */
export function nextKeyId(
  { keysMade }: Pick<Store, 'keysMade'>,
  accountId: string,
  region: string,
  multiRegion: boolean,
): string {
  const maker = `${accountId}/${region}`;
  const number = (keysMade.get(maker) ?? 0) + 1;
  keysMade.set(maker, number);
  const hex = createHash('sha256').update(`${maker}/${number}`).digest('hex').slice(0, 32);
  return multiRegion ? `mrk-${hex}` : uuid(hex);
}

/** Version 4 and its variant, as RFC 9562 lays them out. */
function uuid(hex: string): string {
  const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/.exec(hex) ?? [];
  return `${a}-${b}-4${c}-8${d}-${e}`;
}
