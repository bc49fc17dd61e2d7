/** Measures the heap of this process after a garbage collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

export function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
