/** The order of the test files: the longest first, so that a run does not end waiting for one of them. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** About the seconds of a quiet run; what is not named takes less than ten. */
const SECONDS: Readonly<Record<string, number>> = {
  'flow/crash': 46,
  'flow/invoke-local': 45,
  'flow/outage': 40,
  'local/stack/package': 35,
  'flow/doubtful-events': 25,
  'flow/redelivery': 28,
  'flow/refusal': 25,
  'flow/permissions': 25,
  'attacks/plans-and-vault': 26,
  'flow/drill': 25,
  'flow/round-trip': 24,
  'attacks/red-button': 23,
  'laptop/main': 21,
  'attacks/roles': 17,
  'flow/red-button': 17,
  'flow/evidence': 15,
  'flow/onboarding': 15,
  'flow/demo': 13,
  'attacks/objects': 13,
  'attacks/commands': 11,
  'property/red-button': 11,
  'envelope/message/heap': 11,
  'handover/tools': 10,
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
