/** The memory of the search for stuck uploads. README.md says what is true of every port. */
import type { ObjectId } from '../object/object-id.ts';
import type { Plan } from '../object/plan.ts';
import type { VersionMarker } from './sources.ts';

/** The facts that the search remembers from one run to the next. */
export interface Redrives {
  /** Returns the version at which the last run stopped; undefined when it came to the end. */
  marker(): Promise<VersionMarker | undefined>;
  keepMarker(marker: VersionMarker | undefined): Promise<void>;
  lastOf(objectId: ObjectId): Promise<Redrive | undefined>;
  /** Writes `next` over `last`. Returns false when another run came first. */
  note(objectId: ObjectId, last: Redrive | undefined, next: Redrive): Promise<boolean>;
  /** Finds the chunks of the plan that have no receipt, in order. Memory does not grow with their number. */
  missingChunks(plan: Plan): AsyncIterable<number>;
}

/** The last redrive of an upload. */
export interface Redrive {
  /** The number of redrives so far, from 1. */
  readonly times: number;
  /** The time of the last one, ISO 8601, UTC. */
  readonly at: string;
  /** The generation that the upload's plan had then. Absent: 0. */
  readonly generation?: number | undefined;
}
