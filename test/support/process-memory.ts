/** The memory of another process, as Linux shows it. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Every part that the process may write, one after the other: what it holds beside code and files. */
export function* writableMemory(pid: number): Generator<Buffer> {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/u.exec(line) ?? [];
      if (start === undefined || end === undefined) continue;
      const part = Buffer.alloc(Number.parseInt(end, 16) - Number.parseInt(start, 16));
      yield part.subarray(0, readSync(memory, part, 0, part.length, Number.parseInt(start, 16)));
    }
  } finally {
    closeSync(memory);
  }
}
