/** The memory of the search for stuck uploads. */
import type { ObjectId } from '../object/object-id.ts';
import type { Plan } from '../object/plan.ts';
import type { VersionMarker } from './sources.ts';

/** What the search for stuck uploads remembers from one run to the next. */
export interface Redrives {
  /** Where the last run stopped; undefined: at the end. */
  marker(): Promise<VersionMarker | undefined>;
  keepMarker(marker: VersionMarker | undefined): Promise<void>;
  lastOf(objectId: ObjectId): Promise<Redrive | undefined>;
  /** Writes `next` over `last`; false when another run came first. */
  note(objectId: ObjectId, last: Redrive | undefined, next: Redrive): Promise<boolean>;
  /** The chunks of the plan that have no receipt, in order; memory is flat in their number. */
  missingChunks(plan: Plan): AsyncIterable<number>;
}

/** That an upload was re-driven. */
export interface Redrive {
  /** How often so far, from 1. */
  readonly times: number;
  /** ISO 8601, UTC: the last time. */
  readonly at: string;
  /** The generation of its plan then. Absent: 0. */
  readonly generation?: number | undefined;
}
