/** Faults of the local AWS that a test can watch strike. */
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Fault } from '../../local/front/faults.ts';
import type { Pipeline } from './pipeline.ts';

export interface ArmedFault {
  /** Returns how often it has struck. */
  strikes(): Promise<number>;
  /** Resolves when it has struck so often. Default 1. */
  struck(times?: number): Promise<void>;
}

const listSchema = z.array(z.looseObject({ id: z.string(), strikes: z.number() }));

/** Precondition: no other fault is armed that is the same in every member. */
export async function arm(pipeline: Pipeline, fault: Fault): Promise<ArmedFault> {
  await pipeline.fault(fault);
  async function strikes(): Promise<number> {
    const listed = await pipeline.local.ask('faults', listSchema);
    return (
      listed.find(({ id: _id, strikes: _strikes, ...rest }) => isDeepStrictEqual(rest, fault))?.strikes ?? 0
    );
  }
  return {
    strikes,
    struck: async (times = 1) => await pipeline.until(async () => (await strikes()) >= times),
  };
}
