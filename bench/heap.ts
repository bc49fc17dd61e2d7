/** What a process holds on its heap: what is left after a collection, not what is garbage. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

export function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
