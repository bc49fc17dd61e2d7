/** The most that one small object may cost, by key mode. */
import type { KeyMode } from '../../shared/tenant/tenant.ts';
import type { Figure } from '../report.ts';
import { requestsOf } from './counted.ts';
import { dollarsPerMillion } from './prices.ts';
import type { Cost } from './row.ts';

interface Goal {
  readonly requests: number;
  readonly kms: number;
  readonly dollarsPerMillion: number;
}

/** In the modes that keep keys, an object's share of a call of KMS is next to nothing. */
const KEPT: Goal = { requests: 6, kms: 0.05, dollarsPerMillion: 10 };
const GOALS: Readonly<Record<KeyMode, Goal>> = {
  'per-chunk': { requests: 7, kms: 1, dollarsPerMillion: 10 },
  cached: KEPT,
  hierarchical: KEPT,
};

export function goalsOf({ size, keyMode, calls }: Cost): readonly Figure[] {
  const goal = GOALS[keyMode];
  const found = {
    requests: requestsOf(calls),
    kms: requestsOf(calls, 'kms'),
    dollarsPerMillion: dollarsPerMillion(calls),
  };
  const name = `one object of ${size}, ${keyMode}`;
  return [
    { name: `${name}: requests`, value: found.requests, unit: 'requests', reach: { atMost: goal.requests } },
    { name: `${name}: of them KMS`, value: found.kms, unit: 'requests', reach: { atMost: goal.kms } },
    {
      name: `${name}: a million of them`,
      value: found.dollarsPerMillion,
      unit: '$',
      reach: { atMost: goal.dollarsPerMillion },
    },
  ];
}
