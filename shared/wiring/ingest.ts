/** Wires the function `ingest`, which plans uploads. */
import { planNotification, type Planned } from '../ingest/plan-upload.ts';
import type { QueueFunction } from './function-kinds.ts';
import type { Ports } from './ports.ts';

export type IngestFunctionPorts = Pick<Ports, 'state' | 'jobs' | 'redelivery' | 'now'>;

export interface IngestSettings {
  /** The bytes of a chunk of the objects that are planned from now on. */
  readonly chunkBytes: number;
  /** The most bytes of an object that rests as one message. 0: every object is divided into chunks. */
  readonly inlineBytes: number;
}

/** Makes the function of one sandbox. Planning needs no key, so no message is parked. */
export function ingestFunction(
  ports: IngestFunctionPorts,
  settings: IngestSettings,
): QueueFunction<readonly Planned[]> {
  const { state, redelivery } = ports;
  return {
    work: async (body, signal) => await planNotification(body, { ...ports, ...settings }, signal),
    queue: { state, redelivery, functionName: 'ingest' },
  };
}
