/** The order of the test files: those that start processes first, so that a run does not end waiting for one of them. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export class FlowsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId }: TestSpecification): number {
  return /\/test\/(?:flow|local\/(?:main|stack))/u.test(moduleId) ? 0 : 1;
}
