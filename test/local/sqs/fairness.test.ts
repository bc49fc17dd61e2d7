import { beforeEach, expect, test } from 'vitest';
import { createFairness, inTurn } from '../../../local/sqs/fairness.ts';
import { openSqsStore, type SqsStore } from '../../../local/sqs/store.ts';

const ARN = 'arn:aws:sqs:us-east-1:000000000000:chunks';

let store: SqsStore;
let fairness: ReturnType<typeof createFairness>;
let sent: number;
beforeEach(() => {
  store = openSqsStore(':memory:');
  fairness = createFairness();
  sent = 0;
});

function send(groupId: string | undefined, count: number): void {
  for (let index = 0; index < count; index += 1) {
    sent += 1;
    const at = { sentMs: sent, visibleMs: sent };
    store.insert(ARN, { id: `m${sent}`, body: 'job', attributes: '{}', groupId, sender: 'test', ...at });
  }
}

/** Returns the groups of the messages that one consumer gets at `nowMs`; they stay in flight for a day. */
function receive(limit: number, nowMs: number): readonly (string | null)[] {
  const groups: (string | null)[] = [];
  for (const message of inTurn({ store, fairness }, ARN, nowMs)) {
    store.hide(message.seq, `r${message.seq}`, nowMs, nowMs + 86_400_000);
    groups.push(message.groupId);
    if (groups.length === limit) break;
  }
  return groups;
}

function counted(groups: readonly (string | null)[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(Object.groupBy(groups, String)).map(([g, m]) => [g, m?.length ?? 0]),
  );
}

test('messages go by age while no group is noisy', () => {
  send('acme', 5);
  send('globex', 2);
  expect(receive(10, 1_000)).toEqual([...Array<string>(5).fill('acme'), 'globex', 'globex']);
});

test('a group with 30 in flight and more than a tenth of all waits for the others, younger as they are', () => {
  send('acme', 100);
  expect(counted(receive(30, 1_000))).toEqual({ acme: 30 });
  send('globex', 2);
  send(undefined, 1);
  expect(receive(4, 1_000)).toEqual(['globex', 'globex', null, 'acme']);
});

test('29 in flight are not enough to be noisy', () => {
  send('acme', 100);
  receive(29, 1_000);
  send('globex', 1);
  expect(receive(1, 1_000)).toEqual(['acme']);
});

test('a group that takes most of the processing time waits too, few as its messages are', () => {
  send('acme', 20);
  expect(receive(5, 1_000)).toHaveLength(5);
  send('globex', 1);
  expect(receive(2, 2_000)).toEqual(['globex', 'acme']);
});

test('when nobody else waits, a noisy group is served as ever', () => {
  send('acme', 50);
  receive(40, 1_000);
  expect(counted(receive(10, 1_000))).toEqual({ acme: 10 });
});

test('of two noisy groups, the one with fewer messages in flight goes first', () => {
  send('acme', 60);
  expect(counted(receive(40, 1_000))).toEqual({ acme: 40 });
  send('globex', 60);
  expect(counted(receive(30, 2_000))).toEqual({ globex: 30 });
  expect(counted(receive(20, 3_000))).toEqual({ acme: 5, globex: 15 });
});

test('processing time is forgotten', () => {
  send('acme', 20);
  receive(5, 1_000);
  receive(1, 2_000);
  for (let seq = 1; seq <= 6; seq += 1) store.remove(seq, `r${seq}`);
  send('globex', 1);
  expect(receive(1, 3_600_000)).toEqual(['acme']);
});
