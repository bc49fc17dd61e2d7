import { expect, test } from 'vitest';
import { creationOrder, parseTemplate } from '../../../local/stack/template/template.ts';

function order(resources: Record<string, object>): readonly string[] {
  return creationOrder(parseTemplate({ Resources: resources }));
}

test('a resource is created after all that it refers to', () => {
  expect(
    order({
      A: { Type: 'T', Properties: { x: { Ref: 'B' }, y: { 'Fn::GetAtt': ['C', 'Arn'] } } },
      B: { Type: 'T', Properties: { x: { 'Fn::Sub': 'a-${D.Arn}-${AWS::Region}' } } },
      C: { Type: 'T', DependsOn: 'B' },
      D: { Type: 'T', DependsOn: ['E'] },
      E: { Type: 'T' },
    }),
  ).toEqual(['E', 'D', 'B', 'C', 'A']);
});

test('references inside the variables of Sub and the short form of GetAtt count', () => {
  expect(
    order({
      A: { Type: 'T', Properties: { x: { 'Fn::Sub': ['${V}', { V: { 'Fn::GetAtt': 'B.Arn' } }] } } },
      B: { Type: 'T' },
    }),
  ).toEqual(['B', 'A']);
});

test('a circle is refused', () => {
  const circle = { A: { Type: 'T', Properties: { x: { Ref: 'B' } } }, B: { Type: 'T', DependsOn: 'A' } };
  expect(() => order(circle)).toThrow(expect.objectContaining({ code: 'ERR_STACK' }));
});

test('a section or attribute that would be ignored is refused', () => {
  const error = expect.objectContaining({ code: 'ERR_STACK' });
  expect(() => parseTemplate({ Resources: {}, Transform: 'AWS::Serverless-2016-10-31' })).toThrow(error);
  expect(() => parseTemplate({ Resources: { A: { Type: 'T', CreationPolicy: {} } } })).toThrow(error);
  expect(() => parseTemplate({})).toThrow(error);
});
