/** The objects whose cost is counted. */
import type { KeyMode } from '../../shared/tenant/tenant.ts';

export interface Size {
  readonly size: string;
  readonly objectBytes: number;
  /** The number of objects that fill the batches of both queues. */
  readonly objects: number;
}

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The smallest comes first. */
export const SIZES: readonly Size[] = [
  { size: '16 KiB', objectBytes: 16 * KIB, objects: 100 },
  { size: '256 KiB', objectBytes: 256 * KIB, objects: 50 },
  { size: '1 MiB', objectBytes: MIB, objects: 50 },
  { size: '64 MiB', objectBytes: 64 * MIB, objects: 10 },
  { size: '1 GiB', objectBytes: GIB, objects: 1 },
];

export const KEY_MODES: readonly KeyMode[] = ['per-chunk', 'cached', 'hierarchical'];
