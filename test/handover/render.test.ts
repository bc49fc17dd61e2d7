import { describe, expect, test } from 'vitest';
import type { OnboardingInput } from '../../shared/handover/input.ts';
import { keyGrant } from '../../shared/handover/key-policy.ts';
import { render } from '../../shared/handover/render.ts';
import {
  ACME_ACCOUNT,
  CASES,
  EXISTING_KEY,
  EXISTING_MULTI_REGION_KEY,
  ISV,
  isvIn,
  LONG_NAME,
  MULTI_REGION_KEY,
  NEW_KEY,
  PARTITIONS,
} from '../support/onboarding-inputs.ts';
import { heredocs, renderedText } from '../support/rendered-files.ts';

interface Template {
  readonly Parameters?: Record<string, unknown>;
  readonly Resources: Record<
    string,
    { Type: string; Properties: Record<string, unknown> } & Record<string, unknown>
  >;
}

const json = (input: OnboardingInput, name: string) => JSON.parse(renderedText(input, name)) as unknown;
const template = (input: OnboardingInput, name = 'cloudformation.json') => json(input, name) as Template;

describe.each(CASES)('for %s', (_name, input) => {
  const files = render(input);

  test('nothing is left to fill in', () => {
    for (const { text } of files) {
      expect(text).not.toMatch(/undefined|\[object|\{\{|<[a-z-]+>|TODO|123456789012/iu);
      expect(text).toMatch(/[^\n]\n$/u);
    }
  });

  test('every file has a plain name of its own', () => {
    const names = files.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[A-Za-z0-9.-]+$/u.test(name))).toEqual([]);
  });

  test('nobody is granted anything by a wildcard', () => {
    const policies = files.filter(({ name }) => /\.(?:json|tf)$/u.test(name)).map(({ text }) => text);
    expect(policies.join('')).not.toMatch(/"(?:AWS|Principal|Service)": *(?:\[\s*)?"\*"/u);
  });

  test('no file makes or names anything in another tenant', () => {
    expect(files.map(({ text }) => text).join('')).not.toMatch(/globex|222222222222/u);
  });

  test('the role and its trust are the same in each format', () => {
    const { ForwarderRole } = template(input).Resources;
    const [trust, permissions] = heredocs(renderedText(input, 'main.tf')).slice(
      -2 - regions(input),
      -regions(input),
    );
    expect(trust).toEqual(json(input, 'event-role-trust.json'));
    expect(permissions).toEqual(json(input, 'event-role-permissions.json'));
    expect(ForwarderRole?.Properties).toMatchObject({
      AssumeRolePolicyDocument: trust,
      Policies: [{ PolicyDocument: permissions }],
    });
  });

  test('the README explains every statement of the grant', () => {
    const readme = renderedText(input, 'README.md');
    for (const { Sid } of keyGrant({ ...input, ...input.isv })) {
      expect(readme).toMatch(new RegExp(`^\\| ${Sid} .*\\| \\w[^|]+ \\|$`, 'mu'));
    }
  });
});

const regions = ({ replicaRegions = [] }: OnboardingInput) => 1 + replicaRegions.length;

describe.each([
  ['a new key', NEW_KEY],
  ['a new multi-Region key', MULTI_REGION_KEY],
  ['a tenant of a long name', LONG_NAME],
])('for %s', (_name, input) => {
  test('the key policy is the same in each format and region', () => {
    const policy = json(input, 'key-policy.json');
    const stacks = [
      undefined,
      ...(input.replicaRegions ?? []).map((region) => `cloudformation-${region}.json`),
    ];
    for (const stack of stacks) {
      expect(template(input, stack).Resources['Key']?.Properties['KeyPolicy']).toEqual(policy);
    }
    const documents = heredocs(renderedText(input, 'main.tf'));
    expect(documents.slice(0, regions(input))).toEqual(Array.from({ length: regions(input) }, () => policy));
  });

  test('the key is rotated, stays when its stack is deleted, and has an alias', () => {
    const { Key, KeyAlias } = template(input).Resources;
    expect(Key).toMatchObject({
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { EnableKeyRotation: true, MultiRegion: regions(input) > 1 },
    });
    expect(KeyAlias?.Properties['AliasName']).toBe(`alias/sealstream-${input.tenantId}`);
  });
});

describe.each([
  ['an existing key', EXISTING_KEY],
  ['an existing multi-Region key', EXISTING_MULTI_REGION_KEY],
])('for %s', (_name, input) => {
  test('no format makes a key or touches its policy', () => {
    expect(Object.keys(template(input).Resources)).toEqual(['ForwarderRule', 'ForwarderRole']);
    expect(renderedText(input, 'main.tf')).not.toMatch(/resource "aws_kms/u);
    expect(renderedText(input, 'apply.sh')).not.toMatch(/aws kms/u);
    expect(render(input).map(({ name }) => name)).not.toContain('key-policy.json');
  });

  test('the statements to merge are our grant and nothing else', () => {
    expect(json(input, 'key-grant.json')).toEqual({
      Version: '2012-10-17',
      Statement: keyGrant({ ...input, ...ISV }),
    });
  });

  test('the rule is the same in each format', () => {
    const pattern = json(input, `event-pattern-${input.keyRegion}.json`);
    expect(template(input).Resources['ForwarderRule']?.Properties['EventPattern']).toEqual(pattern);
    expect(heredocs(renderedText(input, 'main.tf')).at(-regions(input))).toEqual(pattern);
  });
});

describe.each(PARTITIONS)('in partition %s', (partition, region) => {
  const isv = isvIn(partition, region);
  const existingKeyArn = `arn:${partition}:kms:${region}:${ACME_ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`;
  const inputs = [NEW_KEY, MULTI_REGION_KEY, { ...EXISTING_KEY, existingKeyArn }].map((input) => ({
    ...input,
    keyRegion: region,
    isv,
  }));

  test.each(inputs)('every ARN that is rendered is of that partition (%#)', (input) => {
    const text = render(input)
      .map((file) => file.text)
      .join('\n');
    const partitions = [...text.matchAll(/arn:(?<name>[\w-]+):/gu)].map(({ groups }) => groups?.['name']);
    expect(new Set(partitions)).toEqual(new Set([partition]));
  });

  test('a key of another partition is refused', () => {
    const other = existingKeyArn.replace(`arn:${partition}:`, 'arn:aws-elsewhere:');
    expect(() => render({ ...EXISTING_KEY, keyRegion: region, isv, existingKeyArn: other })).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_INVALID' }),
    );
  });
});

describe('a template', () => {
  const stacks: readonly (readonly [string, Template])[] = CASES.flatMap(([name, input]) =>
    render(input)
      .filter((file) => file.name.startsWith('cloudformation'))
      .map((file) => [`${name}, ${file.name}`, template(input, file.name)] as const),
  );

  test.each(stacks)('has few types of resources, and refers to what is there (%s)', (_name, stack) => {
    const types = Object.values(stack.Resources).map(({ Type }) => Type);
    const expected = ['Key', 'ReplicaKey', 'Alias'].map((type) => `AWS::KMS::${type}`);
    expect([...expected, 'AWS::Events::Rule', 'AWS::IAM::Role']).toEqual(expect.arrayContaining(types));
    const text = JSON.stringify(stack);
    const referred = [...text.matchAll(/"(?:Ref|Fn::GetAtt)":\[?"(?<name>\w+)"/gu)].map(
      ({ groups }) => groups?.['name'],
    );
    expect(Object.keys({ ...stack.Resources, ...stack.Parameters })).toEqual(
      expect.arrayContaining(referred),
    );
  });
});

test("forwards the replicas' events by the role of the first stack", () => {
  const { ForwarderRule } = template(MULTI_REGION_KEY, 'cloudformation-us-west-2.json').Resources;
  expect(ForwarderRule?.Properties['Targets']).toEqual([
    { Id: 'sealstream', Arn: ISV.eventBusArn, RoleArn: 'arn:aws:iam::111111111111:role/sealstream-acme' },
  ]);
});
