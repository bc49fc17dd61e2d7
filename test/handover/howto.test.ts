/** The policy template for temporary delegation, by AWS's guidelines for such templates. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { forwarderName } from '../../shared/handover/key-events.ts';
import { parseOnboarding } from '../../shared/handover/input.ts';
import { LONG_NAME } from '../support/onboarding-inputs.ts';

const RENDERED_CHARACTERS = 2048;

const words = z.union([z.string(), z.array(z.string())]);
const templateSchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Effect: z.literal('Allow'),
      Action: words,
      Resource: words,
      Condition: z.unknown().optional(),
    }),
  ),
});

let template: z.infer<typeof templateSchema>;
beforeAll(async () => {
  const howto = await readFile(new URL('../../shared/handover/HOWTO.md', import.meta.url), 'utf8');
  const [, json = ''] = /```json\n([^]*?)```/u.exec(howto) ?? [];
  template = templateSchema.parse(JSON.parse(json));
});

describe('the policy template', () => {
  test('names its actions one by one, in order, and its fields in theirs', () => {
    for (const statement of template.Statement) {
      const actions = [statement.Action].flat();
      expect(actions).toEqual(actions.toSorted());
      expect(actions.join(' ')).not.toContain('*');
      const fields = Object.keys(statement);
      expect(fields).toEqual(['Effect', 'Action', 'Resource', 'Condition'].slice(0, fields.length));
    }
  });

  test('gives nobody the means to change or use a key', () => {
    const actions = template.Statement.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.startsWith('kms:')).toSorted()).toEqual([
      'kms:CreateAlias',
      'kms:CreateKey',
      'kms:EnableKeyRotation',
    ]);
  });

  test('is short enough for every tenant', () => {
    const onboarding = parseOnboarding({ ...LONG_NAME, keyRegion: 'ap-southeast-1' });
    const parameters: Record<string, string> = {
      ...onboarding.isv,
      partition: onboarding.partition,
      keyRegion: onboarding.keyRegion,
      tenantAccountId: onboarding.tenantAccountId,
      tenantId: onboarding.tenantId,
      forwarderName: forwarderName(onboarding),
      boundaryArn: `arn:aws:iam::partner:policy/permission_boundary/${'b'.repeat(64)}`,
    };
    const rendered = JSON.stringify(template).replaceAll(
      /@\{(?<name>\w+)\}/gu,
      (parameter, name: string) => parameters[name] ?? parameter,
    );
    expect(rendered).not.toContain('@{');
    expect(rendered.length).toBeLessThanOrEqual(RENDERED_CHARACTERS);
  });
});
