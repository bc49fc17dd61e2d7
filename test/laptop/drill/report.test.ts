import { expect, test } from 'vitest';
import { pageOf } from '../../../laptop/drill/page.ts';
import { reportOf } from '../../../laptop/drill/report.ts';
import type { Drill } from '../../../laptop/drill/drill.ts';
import { summarise } from '../../../laptop/drill/summary.ts';
import { describe as describeDrill } from '../../../laptop/drill/timeline.ts';
import { PRESSED_MS, sampleDrill, steady, use } from './sample-drill.ts';

const { options, moments, remains, other } = sampleDrill();

test('is the document that was agreed on', () => {
  expect(reportOf(sampleDrill())).toEqual({
    lastUseAfterDisableMs: { encrypt: 0, restore: 700 },
    boundMs: 2000,
    heardAfterDisableMs: 150,
    lastUseAfterHeardMs: { encrypt: 0, restore: 550 },
    eventsDelivered: true,
    otherTenantThroughputRatio: 1,
    lost: 0,
    duplicatesVisible: 0,
    unparkedAfterEnableMs: 2990,
    ok: true,
    broken: [],
  });
});

const chaos = { ...options, chaos: true };
/** The event came just in time for the reach from the button. */
const late = {
  ...moments,
  deliveredMs: PRESSED_MS + 1_900,
  heard: { atMs: PRESSED_MS + 1_988, signal: 'DisableKey' },
};
const killed = new Map([['Runtime.ExitError', 3]]);

const broken: readonly { readonly what: string; readonly changed: Partial<Drill>; readonly named: string }[] =
  [
    {
      what: 'an encryption beyond the bound',
      changed: { moments: late, uses: [use('encrypt', -9, -8), use('encrypt', 1, 2001)] },
      named: "last encrypt with acme's key after the button: 2001 ms, promised ≤ 2000 ms",
    },
    {
      what: 'a restore beyond the bound',
      changed: { moments: late, uses: [use('restore', -9, -8), use('restore', 1, 2001)] },
      named: "last restore with acme's key after the button: 2001 ms, promised ≤ 2000 ms",
    },
    {
      what: 'a use more than a second after the event',
      changed: { uses: [use('restore', -9, -8), use('restore', 1, 1151)] },
      named: "last restore with acme's key after the event: 1001 ms, promised ≤ 1000 ms",
    },
    {
      what: 'an event that was delivered and not heard of',
      changed: { moments: { ...moments, deliveredMs: undefined, heard: undefined } },
      named: 'acme revoked: never',
    },
    {
      what: 'no use of the key at all, so that nothing was measured',
      changed: { uses: [] },
      named: "sandboxes that had used acme's key: 0",
    },
    {
      what: 'a lost object',
      changed: { remains: { ...remains, lost: 1 } },
      named: 'objects lost: 1, promised 0',
    },
    {
      what: 'a half-written object',
      changed: { remains: { ...remains, halfWritten: 1 } },
      named: 'objects visible half-written: 1',
    },
    {
      what: 'an object stored twice',
      changed: { remains: { ...remains, duplicates: 1 } },
      named: 'objects stored twice: 1',
    },
    {
      what: 'a multipart upload left over',
      changed: { remains: { ...remains, unfinished: 1 } },
      named: 'multipart uploads left at destinations: 1',
    },
    {
      what: 'more multipart uploads left over than sandboxes were killed',
      changed: {
        options: chaos,
        remains: { ...remains, unfinished: 4 },
        other: { ...other, failures: killed },
      },
      named: 'multipart uploads left at destinations: 4, promised ≤ 3',
    },
    {
      what: 'a backlog that stays',
      changed: { moments: { ...moments, drainedMs: undefined } },
      named: 'backlog drained: no',
    },
    {
      what: 'a failed restore of the other tenant',
      changed: { other: { ...other, failures: killed } },
      named: "globex's failed restores: 3",
    },
    {
      what: 'a restore of the other tenant that failed in chaos without being killed',
      changed: {
        options: chaos,
        other: { ...other, failures: new Map([...killed, ['ERR_TENANT_REVOKED', 1]]) },
      },
      named: "globex's failed restores, but for those killed: 1",
    },
    {
      what: 'the other tenant slowed down',
      changed: {
        other: {
          ...other,
          sealedMs: steady().filter((atMs) => atMs < moments.pressedMs || atMs % 500 > 0),
        },
      },
      named: "globex's throughput, after / before: 0.80, promised ≥ 0.95",
    },
    {
      what: 'the other tenant at a standstill in chaos',
      changed: {
        options: chaos,
        other: { ...other, sealedMs: steady().filter((atMs) => atMs < moments.pressedMs + 2_000) },
      },
      named: "globex's throughput, after / before: 0.10, promised ≥ 0.5",
    },
    {
      what: 'the other tenant at a standstill in a drill that did little before',
      changed: {
        other: {
          ...other,
          restoredMs: [moments.pressedMs - 2_000, moments.pressedMs - 1_000],
        },
      },
      named: "globex's throughput, after / before: 0.00, promised > 0",
    },
  ];

test.each(broken)('is not ok with $what, and says so', ({ changed, named }) => {
  const drill = sampleDrill(changed);
  expect(reportOf(drill)).toMatchObject({ ok: false, broken: [expect.stringContaining(named)] });
  expect(describeDrill(drill)).toContain(`BROKEN: ${named}`);
  expect(pageOf(drill)).toContain('a bound was broken');
});

const held: readonly { readonly what: string; readonly changed: Partial<Drill> }[] = [
  {
    what: 'uploads that killed sandboxes left',
    changed: { remains: { ...remains, unfinished: 3 }, other: { ...other, failures: killed } },
  },
  {
    what: 'a neighbour that kills have slowed down',
    changed: { other: { ...other, sealedMs: steady().filter((atMs) => atMs % 500 > 0) } },
  },
  {
    what: 'an event delivered late, and a last use within a second of that',
    changed: {
      moments: late,
      uses: [use('encrypt', -9, -8), use('restore', 1_990, 2_024)],
    },
  },
];

test.each(held)('is ok in chaos with $what', ({ changed }) => {
  expect(reportOf(sampleDrill({ options: chaos, ...changed }))).toMatchObject({ ok: true, broken: [] });
});

const boundInChaosMs = (deliveredAfterMs: number): number => {
  const atMs = PRESSED_MS + deliveredAfterMs;
  const delivered = { ...moments, deliveredMs: atMs, heard: { atMs: atMs + 100, signal: 'DisableKey' } };
  return reportOf(sampleDrill({ options: chaos, moments: delivered })).boundMs;
};

test('bounds the last use in chaos by a second after the delivery, or by the age limit', () => {
  expect([300, 9_000, 15_000].map(boundInChaosMs)).toEqual([1_300, 10_000, 11_000]);
});

test('times the promise from the record where that was quicker than the event', () => {
  const firstHand = { ...moments, deliveredMs: undefined };
  expect(reportOf(sampleDrill({ moments: firstHand }))).toMatchObject({
    heardAfterDisableMs: 200,
    lastUseAfterHeardMs: { encrypt: 0, restore: 500 },
  });
});

test('bounds the last use by the age limit and a second where the event is lost', () => {
  const drill = sampleDrill({
    options: { ...options, loseEvents: true },
    uses: [use('encrypt', -9, -8), use('encrypt', 10_900, 11_000)],
  });
  expect(reportOf(drill)).toMatchObject({ boundMs: 11_000, eventsDelivered: false, ok: true });
});

test('counts what is visible half-written as lost', () => {
  expect(reportOf(sampleDrill({ remains: { ...remains, lost: 1, halfWritten: 2 } })).lost).toBe(3);
});

test('sums several drills up by the worst of each figure', () => {
  const good = reportOf(sampleDrill());
  const bad = reportOf(sampleDrill({ uses: [use('encrypt', 0, 2500)], remains: { ...remains, lost: 2 } }));
  expect(summarise([good, bad])).toEqual({
    ...good,
    lastUseAfterDisableMs: { encrypt: 2500, restore: 700 },
    lastUseAfterHeardMs: { encrypt: 2350, restore: 550 },
    lost: 2,
    ok: false,
    broken: bad.broken,
    runs: [good, bad],
  });
  expect(summarise([good])).toBe(good);
});

test('draws a page that needs nothing from elsewhere, with a lane for each sandbox', () => {
  const page = pageOf(sampleDrill());
  expect(page).not.toMatch(/https?:|src=|<script|NaN|undefined/u);
  for (const text of ['encrypt 1', 'restore 1', 'key disabled', 'revoked: DisableKey', 'backlog drained'])
    expect(page).toContain(text);
});
