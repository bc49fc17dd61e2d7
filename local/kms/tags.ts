/** TagResource, UntagResource and ListResourceTags. */
import * as z from 'zod';
import { authorizeOwn } from './access.ts';
import { KEY_ID, parseInput } from './input.ts';
import { currentView } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Operation } from './operation.ts';
import { PAGE, page } from './page.ts';
import { DELETING, refuseStates } from './usable.ts';

export interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

/** The schema of tags: keys of 1 to 128 characters, values of 0 to 256. */
export const TAG_LIST: z.ZodType<Tag[]> = z.array(
  z.object({ TagKey: z.string().min(1).max(128), TagValue: z.string().max(256) }),
);

export const tagResource: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID, Tags: TAG_LIST }), input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorizeOwn(call, key, 'kms:TagResource');
    refuseStates(key, currentView(key).state, DELETING);
    key.tags = { ...key.tags, ...tagRecord(request.Tags) };
    return {};
  },
};

export const untagResource: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID, TagKeys: z.array(z.string()) }), input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorizeOwn(call, key, 'kms:UntagResource');
    refuseStates(key, currentView(key).state, DELETING);
    key.tags = Object.fromEntries(
      Object.entries(key.tags).filter(([name]) => !request.TagKeys.includes(name)),
    );
    return {};
  },
};

export const listResourceTags: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(z.object({ ...PAGE, KeyId: KEY_ID }), input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorizeOwn(call, key, 'kms:ListResourceTags');
    return page('Tags', renderTags(key.tags), request);
  },
};

export function tagRecord(tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
}

export function renderTags(tags: Readonly<Record<string, string>>): readonly Tag[] {
  return Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}
