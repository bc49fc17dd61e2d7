import { describe, expect, test } from 'vitest';
import * as errors from '../shared/errors.ts';

const ROWS = [
  ['ERR_EVENT_INVALID', 'reject'],
  ['ERR_JOB_INVALID', 'reject'],
  ['ERR_PLAN_INVALID', 'reject'],
  ['ERR_PLAN_CHANGED', 'retry'],
  ['ERR_CHUNK_CHANGED', 'retry'],
  ['ERR_SOURCE_CHANGED', 'reject'],
  ['ERR_SOURCE_UNREADABLE', 'reject'],
  ['ERR_TENANT_UNKNOWN', 'reject'],
  ['ERR_TENANT_INVALID', 'retry'],
  ['ERR_TENANT_OFFBOARDED', 'reject'],
  ['ERR_TENANT_REVOKED', 'park'],
  ['ERR_EPOCH_CHANGED', 'retry'],
  ['ERR_KEY_EXPIRED', 'retry'],
  ['ERR_TENANT_KEY_UNUSABLE', 'park'],
  ['ERR_TENANT_KEY_DENIED', 'park'],
  ['ERR_TENANT_KEY_MISCONFIGURED', 'park'],
  ['ERR_KMS_UNAVAILABLE', 'retry'],
  ['ERR_STORAGE_UNAVAILABLE', 'retry'],
  ['ERR_STORAGE_MISCONFIGURED', 'retry'],
  ['ERR_CONTEXT_MISMATCH', 'reject'],
  ['ERR_AUTHENTICATION_FAILED', 'reject'],
  ['ERR_MANIFEST_INVALID', 'reject'],
  ['ERR_OBJECT_UNKNOWN', 'reject'],
  ['ERR_RANGE_INVALID', 'reject'],
  ['ERR_CONFIG_INVALID', 'retry'],
];

const { SealstreamError, errorOf } = errors;
const classes = Object.entries(errors).filter(
  ([name]) => name.endsWith('Error') && name !== SealstreamError.name,
);

describe('every error', () => {
  test('has a code of its own and the disposition that goes with it', () => {
    const made = classes.map(([, make]) => Reflect.construct(make, ['message']));
    expect(made.map(({ code, disposition }) => [code, disposition])).toEqual(ROWS);
  });

  test.each(classes)('%s is named as its class, and keeps its cause', (name, make) => {
    const cause = new Error('cause');
    const error: unknown = Reflect.construct(make, ['message', { cause }]);
    expect(error).toBeInstanceOf(SealstreamError);
    expect(error).toMatchObject({ name, message: 'message', cause });
  });
});

describe('what was thrown', () => {
  test('stays itself when it is an Error', () => {
    const thrown = new errors.JobInvalidError('x');
    expect(errorOf(thrown)).toBe(thrown);
  });

  test.each(['text', undefined, null, { code: 1 }])(
    'is kept as the cause of an Error otherwise: %j',
    (thrown) => {
      expect(errorOf(thrown)).toBeInstanceOf(Error);
      expect(errorOf(thrown).cause).toBe(thrown);
    },
  );
});
