import { afterEach, describe, expect, test, vi } from 'vitest';
import { chunkBytes, name, readConfig } from '../../shared/lambda/config.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

function readWith(environment: Readonly<Record<string, string | undefined>>) {
  for (const variable of ['SEALSTREAM_A', 'SEALSTREAM_B', 'CHUNK_BYTES']) {
    vi.stubEnv(variable, environment[variable]);
  }
  return readConfig({ SEALSTREAM_A: name, SEALSTREAM_B: name, CHUNK_BYTES: chunkBytes });
}

const complete = { SEALSTREAM_A: 'a', SEALSTREAM_B: 'b' };

describe('a function’s configuration', () => {
  test('is what its environment says, chunks of 64 MiB unless told otherwise', () => {
    expect(readWith(complete)).toEqual({ ...complete, CHUNK_BYTES: 67_108_864 });
    expect(readWith({ ...complete, CHUNK_BYTES: '65536' })).toEqual({ ...complete, CHUNK_BYTES: 65_536 });
    expect(readWith({ ...complete, CHUNK_BYTES: '1073741824' }).CHUNK_BYTES).toBe(1_073_741_824);
  });

  test('is refused naming every variable that is missing, empty or malformed', () => {
    expect(fault({})).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/SEALSTREAM_A.*SEALSTREAM_B/u),
    });
    expect(fault({ SEALSTREAM_A: '', SEALSTREAM_B: 'b', CHUNK_BYTES: 'many' })).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/SEALSTREAM_A.*CHUNK_BYTES/u),
    });
  });

  test.each(['0', '65535', '1073741825', '-1', '65536.5', '', 'NaN', 'Infinity', '64MiB'])(
    'is refused with chunks of %j bytes',
    (value) => {
      expect(() => readWith({ ...complete, CHUNK_BYTES: value })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
      );
    },
  );
});

function fault(environment: Readonly<Record<string, string>>): unknown {
  try {
    return readWith(environment);
  } catch (error) {
    return error;
  }
}
