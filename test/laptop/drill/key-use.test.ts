import { expect, test } from 'vitest';
import { keyUseOf, lastUse } from '../../../laptop/drill/key-use.ts';
import { PRESSED_MS, use } from './sample-drill.ts';

const REVOKED = { sinceMs: PRESSED_MS, enablingMs: PRESSED_MS + 20_000 };

test('reads the record of a use, and takes a decryption for a restore', () => {
  const record = {
    message: 'key used',
    tenantId: 'acme',
    operation: 'decrypt',
    startedAt: '2026-01-01T00:00:10.100Z',
    endedAt: '2026-01-01T00:00:10.125Z',
  };
  expect(keyUseOf({ functionName: 'sealstream-local-restore', sandbox: 'restore-1', record })).toEqual(
    use('restore', 100, 125),
  );
});

test.each([
  { message: 'chunk encrypted', tenantId: 'acme' },
  { message: 'key used', tenantId: 'acme', operation: 'encrypt', startedAt: 'now', endedAt: 'later' },
])('takes %j for no use', (record) => {
  expect(keyUseOf({ functionName: 'f', sandbox: 's', record })).toBeUndefined();
});

test('measures each operation from the button to the end of its last use', () => {
  const uses = [
    use('encrypt', -50, 30),
    use('encrypt', 20, 180),
    use('encrypt', 100, 120),
    use('restore', 40, 60),
  ];
  expect(lastUse(uses, 'acme', REVOKED)).toEqual({ encrypt: 180, restore: 60 });
});

test('is 0 where every use ended before the button', () => {
  expect(lastUse([use('encrypt', -50, -10)], 'acme', REVOKED)).toEqual({ encrypt: 0, restore: 0 });
});

test('counts neither the uses of others nor those of the key that is back', () => {
  const uses = [use('encrypt', 500, 510, 'globex'), use('restore', 20_000, 20_050)];
  expect(lastUse(uses, 'acme', REVOKED)).toEqual({ encrypt: 0, restore: 0 });
});

test('counts a use that began before the key was enabled, however late it ended', () => {
  expect(lastUse([use('restore', 19_999, 20_300)], 'acme', REVOKED).restore).toBe(20_300);
});
