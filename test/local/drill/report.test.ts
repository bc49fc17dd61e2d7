import { expect, it } from 'vitest';
import { pageOf } from '../../../local/drill/page.ts';
import { reportOf } from '../../../local/drill/report.ts';
import type { Drill } from '../../../local/drill/run.ts';
import { summarise } from '../../../local/drill/summary.ts';
import { describe as describeDrill } from '../../../local/drill/timeline.ts';
import { sampleDrill, steady, use } from './sample-drill.ts';

const { options, moments, remains, other } = sampleDrill();

it('is the document that was agreed on', () => {
  expect(reportOf(sampleDrill())).toEqual({
    lastUseAfterDisableMs: { encrypt: 0, restore: 700 },
    boundMs: 2000,
    eventsDelivered: true,
    otherTenantThroughputRatio: 1,
    lost: 0,
    duplicatesVisible: 0,
    unparkedAfterEnableMs: 2990,
    ok: true,
  });
});

const broken: readonly { readonly what: string; readonly changed: Partial<Drill> }[] = [
  {
    what: 'an encryption beyond the bound',
    changed: { uses: [use('encrypt', -9, -8), use('encrypt', 1, 2001)] },
  },
  {
    what: 'a restore beyond the bound',
    changed: { uses: [use('restore', -9, -8), use('restore', 1, 2001)] },
  },
  { what: 'no use of the key at all, so that nothing was measured', changed: { uses: [] } },
  { what: 'a lost object', changed: { remains: { ...remains, lost: 1 } } },
  { what: 'a half-written object', changed: { remains: { ...remains, halfWritten: 1 } } },
  { what: 'an object stored twice', changed: { remains: { ...remains, duplicates: 1 } } },
  { what: 'a multipart upload left over', changed: { remains: { ...remains, unfinished: 1 } } },
  { what: 'a backlog that stays', changed: { moments: { ...moments, drainedMs: undefined } } },
  {
    what: 'a failed restore of the other tenant',
    changed: { other: { ...other, failures: new Map([['E', 1]]) } },
  },
  {
    what: 'the other tenant slowed down',
    changed: {
      other: { ...other, sealedMs: steady().filter((atMs) => atMs < moments.pressedMs || atMs % 500 > 0) },
    },
  },
];

it.each(broken)('is not ok with $what, and says so', ({ changed }) => {
  const drill = sampleDrill(changed);
  expect(reportOf(drill).ok).toBe(false);
  expect(describeDrill(drill)).toContain('BROKEN');
  expect(pageOf(drill)).toContain('a bound was broken');
});

it('bounds the last use by the age limit and a second where the event is lost', () => {
  const drill = sampleDrill({
    options: { ...options, loseEvents: true },
    uses: [use('encrypt', -9, -8), use('encrypt', 10_900, 11_000)],
  });
  expect(reportOf(drill)).toMatchObject({ boundMs: 11_000, eventsDelivered: false, ok: true });
});

it('counts what is visible half-written as lost', () => {
  expect(reportOf(sampleDrill({ remains: { ...remains, lost: 1, halfWritten: 2 } })).lost).toBe(3);
});

it.each([
  { ...options, chaos: true },
  { ...options, seconds: 12 },
])('tells a ratio that says nothing, and does not judge it', (unfit) => {
  const slower = { ...other, restoredMs: other.restoredMs.filter((atMs) => atMs < moments.pressedMs) };
  expect(reportOf(sampleDrill({ options: unfit, other: slower }))).toMatchObject({
    otherTenantThroughputRatio: 0,
    ok: true,
  });
});

it('sums several drills up by the worst of each figure', () => {
  const good = reportOf(sampleDrill());
  const bad = reportOf(sampleDrill({ uses: [use('encrypt', 0, 2500)], remains: { ...remains, lost: 2 } }));
  expect(summarise([good, bad])).toEqual({
    ...good,
    lastUseAfterDisableMs: { encrypt: 2500, restore: 700 },
    lost: 2,
    ok: false,
    runs: [good, bad],
  });
  expect(summarise([good])).toBe(good);
});

it('draws a page that needs nothing from elsewhere, with a lane for each sandbox', () => {
  const page = pageOf(sampleDrill());
  expect(page).not.toMatch(/https?:|src=|<script|NaN|undefined/u);
  for (const text of ['encrypt 1', 'restore 1', 'key disabled', 'revoked: DisableKey', 'backlog drained'])
    expect(page).toContain(text);
});
