/** The order of the test files: the longest first, so that a run does not end waiting for one of them. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The seconds that each file takes on a busy machine. A file that is not named takes less than ten. */
const SECONDS: Readonly<Record<string, number>> = {
  'flow/invoke-local': 56,
  'flow/crash': 54,
  'laptop/main': 46,
  'flow/outage': 43,
  'flow/redelivery': 37,
  'flow/drill': 33,
  'attacks/plans-and-vault': 33,
  'flow/doubtful-events': 32,
  'flow/refusal': 31,
  'flow/red-button': 27,
  'property/red-button': 25,
  'attacks/red-button': 25,
  'flow/round-trip': 24,
  'flow/permissions': 24,
  'attacks/roles': 19,
  'flow/evidence': 14,
  'flow/demo': 13,
  'local/stack/package': 12,
  'handover/tools': 12,
  'attacks/objects': 12,
  'flow/onboarding': 12,
  'attacks/commands': 10,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => secondsOf(other) - secondsOf(one));
  }
}

function secondsOf({ moduleId }: TestSpecification): number {
  const name = /\/test\/(.+)\.test\.ts$/u.exec(moduleId)?.[1] ?? '';
  return SECONDS[name] ?? 0;
}
